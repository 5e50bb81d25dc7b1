#!/bin/sh
# A closed loop: money that a farmer may spend on seed only, at a merchant who sells seed.
# Needs a bank (`tongbao up`). TONGBAO names the program, with options if need be: TONGBAO="tongbao --data DIR".
set -eu
tongbao() { command ${TONGBAO:-tongbao} "$@"; }
SEED=5261   # ISO 18245: nurseries, lawn and garden supply stores

# The bank's own account, the farmer, her money for seed, a seed merchant, and a bar.
tongbao account open 700900 --currency CZK --code 900
tongbao account open 700001 --currency CZK --code 100 --flag debits_must_not_exceed_credits
tongbao account open 700002 --currency CZK --code 110 --flag debits_must_not_exceed_credits
tongbao account open 700003 --currency CZK --code 200
tongbao account open 700004 --currency CZK --code 200

# What is in the account for seed may be spent on seed only. The merchant may be paid for seed, the bar may not.
tongbao account purposes 700002 --spent-on $SEED --paid-for $SEED
tongbao account purposes 700003 --paid-for $SEED

# A loan of 1,000 is paid out, and 800 of it are held for seed.
tongbao pay --id 700101 --from 700900 --to 700001 --amount 1000 --currency CZK
tongbao pay --id 700102 --from 700001 --to 700002 --amount 800 --currency CZK --pending --purpose $SEED

# The bar is refused, and nothing moves.
if tongbao hold spend 700102 --id 700103 --to 700004 --amount 50 --currency CZK; then
    echo "the bar was paid with money for seed" >&2
    exit 1
fi

# The merchant is paid 300, and the other 500 stay held for seed.
tongbao hold spend 700102 --id 700104 --to 700003 --amount 300 --currency CZK --keep-rest

tongbao account show 700001
tongbao account show 700003
tongbao ledger pending --account 700001
