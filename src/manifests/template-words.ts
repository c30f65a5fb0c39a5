/** What may stand between `{{` and `}}` in the template of a notification. */
export const templateWords = [
  'app',
  'kind',
  'commit',
  'shortCommit',
  'subject',
  'author',
  'message',
  'duration',
  'rollback',
  'url',
] as const

export type TemplateWord = (typeof templateWords)[number]

/** Placeholders that mean nothing, as they are written. */
export function unknownWords(template: string): string[] {
  const known: ReadonlySet<string> = new Set(templateWords)
  return [...template.matchAll(/\{\{\s*([^{}]*?)\s*\}\}/g)].map(([, word]) => word!).filter((word) => !known.has(word))
}
