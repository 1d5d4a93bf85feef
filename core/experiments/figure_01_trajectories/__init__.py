"""Figure 1 and A.1: P(class) while a photograph is shifted or scaled by single pixels, and in videos.

The paper shows that the probability of the right class jumps although consecutive frames look alike. This folder
draws the curves, and measures their roughness and the map of P(class) over all shifts of a photograph on black. See
the page *Trajectories* (the curves are also on *Explore*); no command runs it, the page offers the curves as CSV.
"""
