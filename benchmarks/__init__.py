"""What the engine is measured by: files, baselines, runs. Figures are ratios within one run (docs/performance.md)."""
