//! The tables of statuses: numbers as published, names that say the same, a page for every code.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use expect_test::expect;
use ledger_core::{CreateAccountStatus, CreateTransferStatus, DeclarationStatus};

/// The numbers are a protocol: they never change.
#[test]
fn numbers_and_codes_of_statuses() {
    let mut text = String::new();
    for status in CreateAccountStatus::ALL {
        let code = status.code().unwrap_or("-");
        writeln!(text, "account {} {} {code}", status.as_u32(), status.name()).unwrap();
    }
    for status in CreateTransferStatus::ALL {
        let code = status.code().unwrap_or("-");
        writeln!(text, "transfer {} {} {code}", status.as_u32(), status.name()).unwrap();
    }
    for status in DeclarationStatus::ALL {
        let code = status.code().unwrap_or("-");
        writeln!(text, "declaration {} {} {code}", status.as_u32(), status.name()).unwrap();
    }
    expect![[r#"
        account 4294967295 created -
        account 1 linked_event_failed LED-0101
        account 2 linked_event_chain_open LED-0102
        account 22 imported_event_expected LED-0122
        account 23 imported_event_not_expected LED-0123
        account 3 timestamp_must_be_zero LED-0103
        account 24 imported_event_timestamp_out_of_range LED-0124
        account 25 imported_event_timestamp_must_not_advance LED-0125
        account 4 reserved_field LED-0104
        account 5 reserved_flag LED-0105
        account 6 id_must_not_be_zero LED-0106
        account 7 id_must_not_be_int_max LED-0107
        account 15 exists_with_different_flags LED-0115
        account 16 exists_with_different_user_data_128 LED-0116
        account 17 exists_with_different_user_data_64 LED-0117
        account 18 exists_with_different_user_data_32 LED-0118
        account 19 exists_with_different_ledger LED-0119
        account 20 exists_with_different_code LED-0120
        account 21 exists LED-0121
        account 8 flags_are_mutually_exclusive LED-0108
        account 9 debits_pending_must_be_zero LED-0109
        account 10 debits_posted_must_be_zero LED-0110
        account 11 credits_pending_must_be_zero LED-0111
        account 12 credits_posted_must_be_zero LED-0112
        account 13 ledger_must_not_be_zero LED-0113
        account 14 code_must_not_be_zero LED-0114
        account 26 imported_event_timestamp_must_not_regress LED-0126
        transfer 4294967295 created -
        transfer 1 linked_event_failed LED-0001
        transfer 2 linked_event_chain_open LED-0002
        transfer 56 imported_event_expected LED-0056
        transfer 57 imported_event_not_expected LED-0057
        transfer 3 timestamp_must_be_zero LED-0003
        transfer 58 imported_event_timestamp_out_of_range LED-0058
        transfer 59 imported_event_timestamp_must_not_advance LED-0059
        transfer 1005 reserved_booking_field LED-0205
        transfer 4 reserved_flag LED-0004
        transfer 5 id_must_not_be_zero LED-0005
        transfer 6 id_must_not_be_int_max LED-0006
        transfer 36 exists_with_different_flags LED-0036
        transfer 40 exists_with_different_pending_id LED-0040
        transfer 44 exists_with_different_timeout LED-0044
        transfer 37 exists_with_different_debit_account_id LED-0037
        transfer 38 exists_with_different_credit_account_id LED-0038
        transfer 39 exists_with_different_amount LED-0039
        transfer 41 exists_with_different_user_data_128 LED-0041
        transfer 42 exists_with_different_user_data_64 LED-0042
        transfer 43 exists_with_different_user_data_32 LED-0043
        transfer 67 exists_with_different_ledger LED-0067
        transfer 45 exists_with_different_code LED-0045
        transfer 1006 exists_with_different_reversal LED-0206
        transfer 1007 exists_with_different_value_date LED-0207
        transfer 1008 exists_with_different_purpose LED-0208
        transfer 46 exists LED-0046
        transfer 68 id_already_failed LED-0068
        transfer 1011 reversal_must_be_single_phase LED-0211
        transfer 1012 reversed_transfer_not_found LED-0212
        transfer 1013 reversed_transfer_not_posted LED-0213
        transfer 1014 reversed_transfer_is_reversal LED-0214
        transfer 1015 reversed_transfer_already_reversed LED-0215
        transfer 1016 reversal_has_different_accounts LED-0216
        transfer 1017 reversal_has_different_amount LED-0217
        transfer 7 flags_are_mutually_exclusive LED-0007
        transfer 8 debit_account_id_must_not_be_zero LED-0008
        transfer 9 debit_account_id_must_not_be_int_max LED-0009
        transfer 10 credit_account_id_must_not_be_zero LED-0010
        transfer 11 credit_account_id_must_not_be_int_max LED-0011
        transfer 12 accounts_must_be_different LED-0012
        transfer 13 pending_id_must_be_zero LED-0013
        transfer 14 pending_id_must_not_be_zero LED-0014
        transfer 15 pending_id_must_not_be_int_max LED-0015
        transfer 16 pending_id_must_be_different LED-0016
        transfer 17 timeout_reserved_for_pending_transfer LED-0017
        transfer 64 closing_transfer_must_be_pending LED-0064
        transfer 19 ledger_must_not_be_zero LED-0019
        transfer 20 code_must_not_be_zero LED-0020
        transfer 21 debit_account_not_found LED-0021
        transfer 22 credit_account_not_found LED-0022
        transfer 23 accounts_must_have_the_same_ledger LED-0023
        transfer 24 transfer_must_have_the_same_ledger_as_accounts LED-0024
        transfer 25 pending_transfer_not_found LED-0025
        transfer 26 pending_transfer_not_pending LED-0026
        transfer 27 pending_transfer_has_different_debit_account_id LED-0027
        transfer 28 pending_transfer_has_different_credit_account_id LED-0028
        transfer 29 pending_transfer_has_different_ledger LED-0029
        transfer 30 pending_transfer_has_different_code LED-0030
        transfer 31 exceeds_pending_transfer_amount LED-0031
        transfer 32 pending_transfer_has_different_amount LED-0032
        transfer 1018 pending_transfer_has_different_purpose LED-0218
        transfer 33 pending_transfer_already_posted LED-0033
        transfer 34 pending_transfer_already_voided LED-0034
        transfer 35 pending_transfer_expired LED-0035
        transfer 60 imported_event_timestamp_must_not_regress LED-0060
        transfer 61 imported_event_timestamp_must_postdate_debit_account LED-0061
        transfer 62 imported_event_timestamp_must_postdate_credit_account LED-0062
        transfer 63 imported_event_timeout_must_be_zero LED-0063
        transfer 65 debit_account_already_closed LED-0065
        transfer 66 credit_account_already_closed LED-0066
        transfer 1001 debit_account_is_control LED-0201
        transfer 1002 credit_account_is_control LED-0202
        transfer 1003 debit_account_not_for_purpose LED-0203
        transfer 1004 credit_account_not_for_purpose LED-0204
        transfer 47 overflows_debits_pending LED-0047
        transfer 48 overflows_credits_pending LED-0048
        transfer 49 overflows_debits_posted LED-0049
        transfer 50 overflows_credits_posted LED-0050
        transfer 51 overflows_debits LED-0051
        transfer 52 overflows_credits LED-0052
        transfer 53 overflows_timeout LED-0053
        transfer 54 exceeds_credits LED-0054
        transfer 55 exceeds_debits LED-0055
        transfer 1009 value_date_too_early LED-0209
        transfer 1010 value_date_too_late LED-0210
        declaration 4294967295 created -
        declaration 2001 reserved_field LED-0301
        declaration 2002 ledger_must_not_be_zero LED-0302
        declaration 2003 ledger_is_currency LED-0303
        declaration 2004 unit_code_malformed LED-0304
        declaration 2005 minor_digits_out_of_range LED-0305
        declaration 2006 exists_with_different_unit LED-0306
        declaration 2007 unit_code_taken LED-0307
        declaration 2008 too_many_units LED-0308
        declaration 2009 account_not_found LED-0309
        declaration 2010 control_not_found LED-0310
        declaration 2011 control_has_different_ledger LED-0311
        declaration 2012 control_is_below_account LED-0312
        declaration 2013 control_has_transfers LED-0313
        declaration 2014 tree_too_deep LED-0314
        declaration 2015 too_many_controls LED-0315
        declaration 2016 role_unknown LED-0316
        declaration 2017 purposes_malformed LED-0317
        declaration 2018 date_out_of_range LED-0318
        declaration 2019 next_day_must_be_later LED-0319
        declaration 2038 next_day_too_late LED-0339
        declaration 2020 day_is_not_open LED-0320
        declaration 2021 product_malformed LED-0322
        declaration 2022 rate_out_of_range LED-0323
        declaration 2023 rate_too_early LED-0324
        declaration 2024 too_many_rates LED-0325
        declaration 2025 exists_with_different_product LED-0326
        declaration 2026 interest_account_not_found LED-0327
        declaration 2027 interest_accounts_differ LED-0328
        declaration 2028 product_not_found LED-0329
        declaration 2029 no_rate_yet LED-0330
        declaration 2030 no_business_day LED-0331
        declaration 2031 balance_too_large LED-0332
        declaration 2032 bears_other_interest LED-0333
        declaration 2033 interest_not_capitalised LED-0334
        declaration 2034 bears_no_interest LED-0335
        declaration 2035 day_not_ended LED-0336
        declaration 2036 day_settled LED-0337
        declaration 2037 interest_not_accrued LED-0338
        declaration 46 exists LED-0321
    "#]]
    .assert_eq(&text);
}

#[test]
fn numbers_read_back_and_codes_are_codes() {
    let mut codes = BTreeSet::new();
    for status in CreateAccountStatus::ALL {
        assert_eq!(CreateAccountStatus::from_u32(status.as_u32()), Some(*status));
        assert_eq!(status.code().is_none(), *status == CreateAccountStatus::Created);
        assert!(status.code().is_none_or(|code| stdx::is_code(code) && codes.insert(code)), "{status:?}");
    }
    for status in CreateTransferStatus::ALL {
        assert_eq!(CreateTransferStatus::from_u32(status.as_u32()), Some(*status));
        assert_eq!(status.code().is_none(), *status == CreateTransferStatus::Created);
        assert!(status.code().is_none_or(|code| stdx::is_code(code) && codes.insert(code)), "{status:?}");
    }
    for status in DeclarationStatus::ALL {
        assert_eq!(DeclarationStatus::from_u32(status.as_u32()), Some(*status));
        assert_eq!(status.code().is_none(), *status == DeclarationStatus::Created);
        assert!(status.code().is_none_or(|code| stdx::is_code(code) && codes.insert(code)), "{status:?}");
    }
    assert_eq!(CreateAccountStatus::from_u32(0), None);
    assert_eq!(CreateTransferStatus::from_u32(18), None);
}
