"""Figure 5: the photographer's bias, that is where objects lie in their frames and how large they are.

The paper shows that photographers centre their subjects and choose their size, so that a network rarely sees other
places. This folder tests the places of annotated boxes for uniformity, class by class, and lets people click points
such as eyes. See the page *Photographer's bias*; there is no command.
"""
