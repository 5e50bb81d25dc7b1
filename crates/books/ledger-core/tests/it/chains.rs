//! Linked chains: all or nothing.

use expect_test::expect;

use crate::script::check;

#[test]
fn a_chain_of_accounts_is_created_whole_or_not() {
    check(
        "account A linked
         account B linked
         account C
         account D linked
         account E linked code=0
         account F
         account G
         show A D E F G",
        expect![[r#"
            A created
            B created
            C created
            D linked_event_failed
            E code_must_not_be_zero
            F linked_event_failed
            G created
            A: debits 0 + 0 pending, credits 0 + 0 pending
            D: not there
            E: not there
            F: not there
            G: debits 0 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

#[test]
fn a_chain_of_transfers_is_done_whole_or_not() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         account C
         transfer 1 B>A 100 linked
         transfer 2 A>C 100 linked
         transfer 3 C>B 100
         show A B C

         transfer 4 B>A 50 linked
         transfer 5 A>C 51 linked
         transfer 6 C>B 1
         transfer 7 B>A 7
         show A B C 4 5 6 7",
        expect![[r#"
            A created
            B created
            C created
            1 created
            2 created
            3 created
            A: debits 100 + 0 pending, credits 100 + 0 pending
            B: debits 100 + 0 pending, credits 100 + 0 pending
            C: debits 100 + 0 pending, credits 100 + 0 pending
            4 linked_event_failed
            5 exceeds_credits
            6 linked_event_failed
            7 created
            A: debits 100 + 0 pending, credits 107 + 0 pending
            B: debits 107 + 0 pending, credits 100 + 0 pending
            C: debits 100 + 0 pending, credits 100 + 0 pending
            4: not there
            5: not there
            6: not there
            7: 7 posted
        "#]],
    );
}

/// Only the id with the reason is spent; the others may be sent again.
#[test]
fn a_broken_chain_spends_only_the_id_that_failed() {
    check(
        "account A debits_must_not_exceed_credits
         account B
         transfer 1 B>A 5 linked
         transfer 2 A>B 10 linked
         transfer 3 A>B 1

         transfer 1 B>A 5
         transfer 2 A>B 1
         transfer 3 A>B 1",
        expect![[r#"
            A created
            B created
            1 linked_event_failed
            2 exceeds_credits
            3 linked_event_failed
            1 created
            2 id_already_failed
            3 created
        "#]],
    );
}

#[test]
fn a_chain_that_is_still_open_at_the_end_fails() {
    check(
        "account A
         account B

         account C linked

         transfer 1 A>B 1
         transfer 2 A>B 1 linked
         transfer 3 A>B 1 linked

         transfer 4 A>C 1 linked
         transfer 5 A>B 1 linked
         show A C 2",
        expect![[r#"
            A created
            B created
            C linked_event_chain_open
            1 created
            2 linked_event_failed
            3 linked_event_chain_open
            4 credit_account_not_found
            5 linked_event_chain_open
            A: debits 1 + 0 pending, credits 0 + 0 pending
            C: not there
            2: not there
        "#]],
    );
}

/// `exists` is no creation, so it breaks a chain: a chain sent again is refused whole, as it was done whole.
#[test]
fn a_repeated_chain_changes_nothing() {
    check(
        "account A
         account B
         transfer 1 A>B 1 linked
         transfer 2 A>B 1

         transfer 1 A>B 1 linked
         transfer 2 A>B 1
         show A",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            1 exists
            2 linked_event_failed
            A: debits 2 + 0 pending, credits 0 + 0 pending
        "#]],
    );
}

#[test]
fn what_a_broken_chain_resolved_is_pending_again() {
    check(
        "account A
         account B
         transfer 1 A>B 100 pending timeout=5
         transfer 2 A>B 10 pending
         post 11 of 1 60 linked
         void 12 of 2 linked
         transfer 13 A>B 1 pending timeout=9 linked
         post 14 of 13 all linked
         transfer 15 A>A 1
         show A B 1 2 13
         void 12 of 2
         wait 5
         pulse
         show A B 1 2",
        expect![[r#"
            A created
            B created
            1 created
            2 created
            11 linked_event_failed
            12 linked_event_failed
            13 linked_event_failed
            14 linked_event_failed
            15 accounts_must_be_different
            A: debits 0 + 110 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 110 pending
            1: 100 pending
            2: 10 pending
            13: not there
            12 created
            A: debits 0 + 0 pending, credits 0 + 0 pending
            B: debits 0 + 0 pending, credits 0 + 0 pending
            1: 100 expired
            2: 10 voided
        "#]],
    );
}
