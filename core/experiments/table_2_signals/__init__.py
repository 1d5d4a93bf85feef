"""Table 2 and A.3: a one-dimensional signal that is blurred, subsampled and rectified.

The paper shows that blurring makes the global sum survive subsampling, and that a nonlinearity after it can destroy
the sum again. This folder computes every stage for any signal, filter, stride and nonlinearity. See the signal bench
on the page *Antialiasing*; there is no command.
"""
