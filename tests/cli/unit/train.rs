//! How means are told.

use olist::registry::contests::digits;

#[test]
fn means_have_the_digits_in_which_they_differ() {
    assert_eq!(digits(0.866_101, 0.866_112), 5);
    assert_eq!(digits(0.8661, 0.8502), 4);
    assert_eq!(digits(0.8661, 0.8661), 4);
}
