// What a container said of its end, as a fact. Pure.
import type { TerminationMessage } from '../manifests/termination-message.ts'
import type { EnvValue } from './live.ts'

/** The volume of a pod with a file for each of its containers. No volume of a manifest can have a name with a dot. */
export const messageVolume = 'termination.messages'

/** Of the log, where it stands for a message. */
export const longestLogLines = 80
const longestLogBytes = 2048

/** What it wrote into its file; `secrets` are taken out before it is cut, so that no half of one is left. */
export function writtenMessage(asked: TerminationMessage, text: string, env: readonly EnvValue[]): string {
  return endOf(plain(withoutSecrets(text, env)), asked.longestBytes)
}

/** Whether the end of its log is asked for, as it wrote nothing. */
export function asksForLog(asked: TerminationMessage, written: string, exitCode: number): boolean {
  return asked.logsOnError && written === '' && exitCode !== 0
}

/** `lines`: the last ones of its log. */
export function loggedMessage(asked: TerminationMessage, lines: string, env: readonly EnvValue[]): string {
  const last = lines.trimEnd().split('\n').slice(-longestLogLines).join('\n')
  return endOf(plain(withoutSecrets(last, env)), Math.min(asked.longestBytes, longestLogBytes))
}

/** Secrets of variables become `***`, also single lines of one that has several, such as a key. */
export function withoutSecrets(text: string, env: readonly EnvValue[]): string {
  const values = env.filter(({ secret }) => secret).map(({ value }) => value)
  const lines = values.flatMap((value) => value.split('\n').map((line) => line.trim()))
  const hidden = [...values, ...lines.filter((line) => line.length >= shortestLine)].filter((value) => value !== '')
  return hidden.sort((a, b) => b.length - a.length).reduce((left, value) => left.replaceAll(value, '***'), text)
}

/** Shorter ones are brackets and the like. */
const shortestLine = 8

/** Without colours and control characters; lines stay lines. */
function plain(text: string): string {
  return text.replace(colours, '').replace(/\r\n/g, '\n').replace(controls, '')
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const colours = /\u001b\[[0-9;?]*[A-Za-z]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

function endOf(text: string, bytes: number): string {
  const all = Buffer.from(text.trim())
  if (all.length <= bytes) return all.toString()
  // The cut may go through a character.
  return all
    .subarray(-bytes)
    .toString()
    .replace(/^\ufffd+/, '')
}
