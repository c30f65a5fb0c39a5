/** Foreign text inside Markdown: no markup, no HTML, nobody is mentioned, and no cell of a table ends. */
export function escapedMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]<>|#~]/g, (mark) => `\\${mark}`)
    .replaceAll('@', '&#64;')
    .replace(/\s*[\r\n]+\s*/g, ' ')
}
