"""The view Sound: hear, collect clips, fine-tune, and compare versions."""
