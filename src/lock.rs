//! Locks whose value stays usable after a panic, because each change to it is made as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks the mutex, also after a holder of it has panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
