/** The answer to an input that has to be refused. */
export const refusal = { error: true } as const
