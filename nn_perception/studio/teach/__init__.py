"""The view Teach: collect labelled frames, fine-tune, and compare versions."""
