"""The containers of images: what their headers say, checked before anything is decoded."""
