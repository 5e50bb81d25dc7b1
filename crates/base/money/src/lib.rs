//! Currencies and amounts in integer minor units. No floats, no IO.
