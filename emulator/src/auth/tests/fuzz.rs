//! No header, however odd, makes the checks panic or lets a request pass.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn no_header_makes_it_panic_or_pass(header in "(ACS3-HMAC-SHA256 |acs |Bearer )?[ -~]{0,80}", date in "[ -~]{0,30}") {
        let request = request("GET", "/a?b", &[("authorization", &header), ("x-acs-date", &date), ("date", &date)], "");
        prop_assert!(check(&request).is_err());
    }
}
