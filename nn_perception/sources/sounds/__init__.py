"""Sources of sound: files, folders and microphones."""
