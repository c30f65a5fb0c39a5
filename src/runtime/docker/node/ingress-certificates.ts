import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { errorText } from '../../../base/errors.ts'
import { sha256 } from '../../../base/hash.ts'
import {
  certificateFolder,
  certificateLines,
  certificateList,
  certificatePath,
  defaultCertificate,
  lineChanges,
  lineFile,
} from '../../network/ingress-crt-list.ts'
import { statePath, workerSocket } from '../../network/node-paths.ts'
import type { Certificate, NetworkProblem } from '../../network/table.ts'
import type { NodeShell } from './contract.ts'
import { quoted } from './shell-text.ts'

const folder = `${statePath}/${certificateFolder}`
/** Names what only a new worker reads: it is part of the configuration. */
const generationFile = `${certificateFolder}/generation`
const secret = 0o600

/** The certificates of one host: on disk, and in HAProxy while it runs. A bad one is left out, or stays what it was. */
export class IngressCertificates {
  #shell: NodeShell | undefined
  /** SHA-256 of files, by path below the state folder. */
  #disk = new Map<string, string>()
  #lines: readonly string[] = []
  #generation: string | undefined
  #last: { readonly certificates: string; readonly problems: readonly NetworkProblem[] } | undefined

  async attach(shell: NodeShell): Promise<void> {
    this.#shell = shell
    this.#last = undefined
    const sums = await shell.run(`cd ${statePath} && sha256sum ${certificateFolder}/*.pem 2>/dev/null || true`)
    const found = sums.split('\n').map((line) => /^([0-9a-f]{64}) [ *](.+)$/.exec(line))
    this.#disk = new Map(
      found.flatMap((match): [string, string][] => (match ? [[match[2] ?? '', match[1] ?? '']] : [])),
    )
    this.#lines = linesOf(await shell.read(certificateList))
    this.#generation = this.#lines.length > 0 ? await shell.read(generationFile) : undefined
  }

  detach(): void {
    this.#shell = undefined
  }

  /** Undefined: there is nothing that https could begin with. */
  get generation(): string | undefined {
    return this.#generation
  }

  async bring(certificates: readonly Certificate[]): Promise<readonly NetworkProblem[]> {
    const shell = this.#shell
    if (!shell) return []
    const text = sha256(JSON.stringify(certificates))
    if (this.#last?.certificates === text) return this.#last.problems
    const problems: NetworkProblem[] = []
    if (!this.#disk.has(defaultCertificate)) await this.#makeDefault(shell)
    const fresh = certificates.filter((one) => this.#disk.get(certificatePath(one)) !== sha256(one.pem))
    const faults = new Map(fresh.map((one) => [one, pemFault(one.pem)]))
    const sound = fresh.filter((one) => faults.get(one) === undefined)
    const refused = await this.#stage(shell, sound)
    for (const one of fresh) {
      const fault = faults.get(one) ?? refused.get(certificatePath(one))
      if (fault === undefined) continue
      problems.push({ key: one.key, message: this.#told(one, fault) })
    }
    const taken = sound.filter((one) => !refused.has(certificatePath(one)))
    const served = certificates.filter((one) => taken.includes(one) || this.#disk.has(certificatePath(one)))
    await this.#put(shell, taken, certificateLines(served))
    this.#last = { certificates: text, problems }
    return problems
  }

  #told(certificate: Certificate, fault: string): string {
    const instead = this.#disk.has(certificatePath(certificate)) ? 'the one before' : 'a certificate that nobody trusts'
    return `its certificate cannot be used (${fault}): https has ${instead}`
  }

  /** Kept as long as the volume is, so that whoever trusts it by hand can go on. */
  async #makeDefault(shell: NodeShell): Promise<void> {
    const target = `${statePath}/${defaultCertificate}`
    await shell.run(
      [
        `set -e; umask 077; mkdir -p ${folder}; cd ${folder}`,
        "printf '[req]\\ndistinguished_name = name\\n[name]\\n' >default.conf",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj '/CN=berth default certificate' \\",
        '  -config default.conf -keyout default.key -out default.crt 2>/dev/null',
        `cat default.crt default.key >default.new && mv default.new ${target} && rm default.*[!m]`,
      ].join('\n'),
    )
    this.#disk.set(defaultCertificate, '')
  }

  /** Beside the ones in use. Answers why HAProxy does not take them, by path. */
  async #stage(shell: NodeShell, certificates: readonly Certificate[]): Promise<ReadonlyMap<string, string>> {
    if (certificates.length === 0) return new Map()
    const paths = certificates.map(certificatePath)
    await shell.write(certificates.map((one) => ({ path: `${certificatePath(one)}.new`, text: one.pem, mode: secret })))
    const words = await shell.run(
      [
        `for file in ${paths.map((path) => quoted(path)).join(' ')}; do`,
        `  printf 'frontend check\\n  mode http\\n  timeout client 1s\\n  bind 127.0.0.1:1 ssl crt %s\\n' "${statePath}/$file.new" >${folder}/check.conf`,
        `  words=$(haproxy -c -f ${folder}/check.conf 2>&1) || echo "$file $(echo "$words" | grep -m1 ALERT)"`,
        'done',
        `rm -f ${folder}/check.conf`,
      ].join('\n'),
    )
    return new Map(
      words.split('\n').flatMap((line): [string, string][] => {
        const [path = '', ...rest] = line.split(' ')
        return paths.includes(path) ? [[path, reason(rest.join(' '))]] : []
      }),
    )
  }

  /** HAProxy is told before the files are swapped in: who breaks off in between begins again. */
  async #put(shell: NodeShell, taken: readonly Certificate[], lines: readonly string[]): Promise<void> {
    const paths = taken.map(certificatePath)
    const changes = lineChanges(this.#lines, lines)
    const told = changes !== undefined && (await this.#tell(shell, paths, changes))
    const files = new Set(lines.map(lineFile))
    const stale = [...this.#disk.keys()].filter(
      (path) => !files.has(`${statePath}/${path}`) && path !== defaultCertificate,
    )
    await shell.run(
      paths.map((path) => `mv -f ${quoted(`${statePath}/${path}.new`)} ${quoted(`${statePath}/${path}`)}`).join('\n'),
    )
    const isSame = lines.join('\n') === this.#lines.join('\n')
    if (!isSame)
      await shell.write([{ path: certificateList, text: lines.map((line) => `${line}\n`).join(''), mode: secret }])
    if (!told && (!isSame || paths.length > 0 || this.#generation === undefined)) {
      this.#generation = randomBytes(8).toString('hex')
      await shell.write([{ path: generationFile, text: this.#generation }])
    }
    await shell.run(`rm -f -- ${folder}/*.new ${stale.map((path) => quoted(`${statePath}/${path}`)).join(' ')}`)
    for (const path of stale) this.#disk.delete(path)
    for (const one of taken) this.#disk.set(certificatePath(one), sha256(one.pem))
    this.#lines = lines
  }

  /** False: HAProxy did not take it all, so that a new worker is needed. */
  async #tell(
    shell: NodeShell,
    paths: readonly string[],
    { added, removed }: { readonly added: readonly string[]; readonly removed: readonly string[] },
  ): Promise<boolean> {
    if (paths.length === 0 && added.length === 0 && removed.length === 0) return true
    const known = new Set(this.#lines.map(lineFile))
    const fresh = new Set(added.map(lineFile))
    const changed = paths.map((path) => `${statePath}/${path}`)
    const words = await shell.run(
      [
        ...changed.flatMap((file) => [
          ...(known.has(file) ? [] : [ask(`new ssl cert ${file}`)]),
          `{ echo 'set ssl cert ${file} <<'; cat ${file}.new; echo; } | ${socat}`,
          ask(`commit ssl cert ${file}`),
        ]),
        ...added.map((line) => listed(line)),
        ...removed.flatMap((line) => [
          ask(`del ssl crt-list ${certificateList} ${lineFile(line)}`),
          ...(fresh.has(lineFile(line)) ? [] : [ask(`del ssl cert ${lineFile(line)}`)]),
        ]),
      ].join('\n'),
    )
    const done =
      /^(New empty certificate store|Transaction (created|updated) for certificate|Committing|Success|Entry |Certificate .* deleted|Inserting certificate|\.*$)/
    return words.split('\n').every((line) => done.test(line.trim()))
  }
}

const socat = `socat -t10 - UNIX-CONNECT:${workerSocket} 2>&1 || echo 'no answer'`

function ask(command: string): string {
  return `echo ${quoted(command)} | ${socat}`
}

function listed(line: string): string {
  const [file = '', ...hosts] = line.split(' ')
  return `printf '%s\\n' ${quoted(`add ssl crt-list ${certificateList} <<`)} ${quoted([file, ...hosts].join(' '))} '' | ${socat}`
}

function linesOf(text: string | undefined): readonly string[] {
  return (text ?? '').split('\n').filter((line) => line !== '')
}

/** What can be said without HAProxy. Undefined: nothing. */
function pemFault(pem: string): string | undefined {
  try {
    const certificate = new X509Certificate(pem)
    return certificate.checkPrivateKey(createPrivateKey(pem)) ? undefined : 'the key is not that of the certificate'
  } catch (error) {
    return errorText(error)
  }
}

/** `[ALERT] (12) : config : parsing [/state/certs/check.conf:4] : 'bind 127.0.0.1:1' in section 'frontend' : words.` */
function reason(alert: string): string {
  return alert.split(' : ').at(-1)?.trim() || 'HAProxy refuses it'
}
