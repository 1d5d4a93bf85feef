"""Background work: jobs, their progress, and how they are cancelled."""
