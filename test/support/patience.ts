/** How many times longer than others proofs wait for what has to come: several run at a time, also on machines that do other things. */
export const patience = process.env.BERTH_TEST_PROOFS === '1' ? 3 : 1
