/** The detail of the record that says that a volume has all that was to be copied into it. */
export const filledDetail = 'filled'
