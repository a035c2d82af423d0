"""Measuring what Tiphys does: benchmarks over fixed sets. Nothing here runs in the pipeline."""
