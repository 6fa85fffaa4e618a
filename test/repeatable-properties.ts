import fc from 'fast-check';

/**
 * Every property is asked with the same cases each time: a test that fails does
 * so because of what was changed, not of luck, and a failing case is found
 * again by whoever runs it next. A spec that is to look further says so with a
 * `seed` of its own in `fc.assert`, as the fuzz does (`FUZZ_SEED`).
 */
fc.configureGlobal({ seed: 20_261_122 });
