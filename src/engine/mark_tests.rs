//! Tests of `mark`.

use super::*;
