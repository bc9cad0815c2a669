"""What a run costs, beside the least that reading the same files could cost."""
