//! Random histories, random lateness, random renunciation.
