"""Figure 6: sensitivity against the size at which a photograph is embedded in the frame.

The paper shows that networks are more sensitive the smaller the photograph is. This folder measures the black
protocol at several sides. Run ``python -m core study embedded_size`` or open the page *Protocols*.
"""
