"""Every number that the paper prints, beside ours."""
