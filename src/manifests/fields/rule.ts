/** What becomes of a field: it does what it does in Kubernetes, it has no effect, or the manifest is refused. */
export type Policy = 'honoured' | 'ignored' | 'refused'

export interface FieldRule {
  readonly policy: Policy
  /** For people; the reason where it is not honoured. */
  readonly note: string
}

export type Rules<T> = { readonly [K in keyof Required<T>]: FieldRule }

export const unsupported = 'not supported by this version of berth'

export const honoured = (note = ''): FieldRule => ({ policy: 'honoured', note })
export const ignored = (note: string): FieldRule => ({ policy: 'ignored', note })
export const refused = (note = ''): FieldRule => ({
  policy: 'refused',
  note: note === '' ? unsupported : `${unsupported}: ${note}`,
})
