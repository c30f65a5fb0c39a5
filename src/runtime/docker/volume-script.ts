// How volumes are prepared and filled: as an archive, where nobody reads them yet, or by a shell script in the sandbox. Pure.
//
// The layout of what is filled is Kubernetes': `key -> ..data/key`, `..data -> ..VERSION`, and the files in `..VERSION`. A reader that
// opens `key` sees one version or the other, as replacing `..data` is one rename.
import { RuntimeError } from '../errors.ts'
import type { HostPathType, PodVolume, VolumeContents, VolumeSetup } from '../port.ts'
import { baseOf, checkRelative, isInMemory, isMadeNew, volumeRoot } from './volume-options.ts'
import type { TarEntry } from './volume-tar.ts'

/** One volume with what has to be true of it. */
export interface Setup {
  readonly volume: PodVolume
  readonly setup: VolumeSetup
}

/** What Docker's local driver makes a new volume's root. */
const newRootMode = 0o755
const folderGroupMode = { files: 0o2550, others: 0o2770 }
const fileGroupMode = 0o440

/** Whether anything at all has to be done. */
export function isNeeded({ volume, setup }: Setup): boolean {
  if (volume.kind === 'files') return setup.contents !== undefined
  if (volume.kind === 'host') return volume.type !== '' || setup.directories.length > 0
  return isOpened(volume) || setup.opens === true || needsWork(setup)
}

/** As every container of the pod is to write to it, whoever it runs as. */
function isOpened(volume: PodVolume): boolean {
  return volume.kind === 'empty' && isMadeNew(volume) && !isInMemory(volume)
}

function needsWork({ directories, group }: VolumeSetup): boolean {
  return directories.length > 0 || group !== undefined
}

/** New volumes of a pod as entries of one archive for `volumeRoot`: one call, before anybody reads them. */
export function newVolumeEntries(setups: readonly Setup[]): TarEntry[] {
  return setups.flatMap(({ volume, setup }) => {
    const group = setup.group ?? 0
    if (volume.kind === 'files' && setup.contents) {
      const { version } = setup.contents
      const tops = new Set(filePaths(setup).map((path) => path.split('/')[0] ?? ''))
      return [
        folder(volume.name, newRootMode | groupMode(setup, folderGroupMode.files), group),
        ...contentEntries(setup, setup.contents, `${volume.name}/..${version}`),
        link(`${volume.name}/..data`, `..${version}`, group),
        ...[...tops].map((top) => link(`${volume.name}/${top}`, `..data/${top}`, group)),
      ]
    }
    const mode = 0o777 | groupMode(setup, folderGroupMode.others)
    const paths = ['', ...cumulative(setup.directories)]
    return paths.map((path) => folder(path === '' ? volume.name : `${volume.name}/${path}`, mode, group))
  })
}

/** The files of all volumes, each in a folder `stage` that the script then puts in its place. */
export function stagedEntries(setups: readonly Setup[], stage: string): TarEntry[] {
  return setups.flatMap(({ volume, setup }) =>
    setup.contents ? contentEntries(setup, setup.contents, `${volume.name}/${stage}`) : [],
  )
}

function contentEntries(setup: VolumeSetup, contents: VolumeContents, root: string): TarEntry[] {
  const group = setup.group ?? 0
  const folderMode = newRootMode | groupMode(setup, folderGroupMode.files)
  const files = new Set(contents.files.map(({ path }) => path))
  const parents = contents.files.map(({ path }) => path.split('/').slice(0, -1).join('/')).filter((path) => path !== '')
  const folders = cumulative([...parents, ...setup.directories]).filter((path) => !files.has(path))
  return [
    folder(root, folderMode, group),
    ...folders.map((path) => folder(`${root}/${path}`, folderMode, group)),
    ...contents.files.map(
      ({ path, mode, data, encoding }): TarEntry => ({
        kind: 'file',
        path: `${root}/${path}`,
        mode: mode | groupMode(setup, fileGroupMode),
        group,
        data: Buffer.from(data, encoding),
      }),
    ),
  ]
}

function groupMode({ group }: VolumeSetup, mode: number): number {
  return group === undefined ? 0 : mode
}

function folder(path: string, mode: number, group: number): TarEntry {
  return { kind: 'folder', path, mode, group }
}

function link(path: string, target: string, group: number): TarEntry {
  return { kind: 'link', path, target, group }
}

/** Files, and folders that are asked for beside them. */
function filePaths({ contents, directories }: VolumeSetup): string[] {
  return [...(contents?.files ?? []).map(({ path }) => path), ...directories]
}

/** Each path after all of its parents, once. */
function cumulative(paths: readonly string[]): string[] {
  const all = paths.flatMap((path) => {
    const parts = path.split('/')
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  })
  return [...new Set(all)]
}

/** Throws for what cannot be written safely. */
export function checkSetup({ volume, setup }: Setup): void {
  for (const path of filePaths(setup)) checkRelative(volume.name, path)
  const { contents } = setup
  if (contents === undefined) return
  const names = [contents.version, ...contents.files.map(({ path }) => path)]
  const bad = names.find((name, index) => (index === 0 ? !/^[A-Za-z0-9][\w-]*$/.test(name) : name.startsWith('..')))
  if (bad !== undefined) {
    const message = `volume ${volume.name} cannot hold ${JSON.stringify(bad)}: names of its files may not begin with ".."`
    throw new RuntimeError('VOLUME_REFUSED', volume.name, message)
  }
}

const functions = `set -eu
umask 022
cd ${volumeRoot}
refuse() { echo "refused $*"; exit 0; }

# VOLUME VERSION STAGE: takes STAGE in, and lets the links of the top follow.
swap() {
  cd "${volumeRoot}/$1"
  if [ "$(readlink ..data || true)" = "..$2" ]; then rm -rf "$3"
  else
    rm -rf "..$2"
    mv "$3" "..$2"
    ln -sfn "..$2" ..data_new
    mv -T ..data_new ..data
  fi
  for entry in ..data/* ..data/.*; do
    name=\${entry##*/}
    if [ "$name" = . ] || [ "$name" = .. ] || [ ! -e "$entry" ]; then continue; fi
    if [ "$(readlink -- "$name" || true)" = "..data/$name" ]; then continue; fi
    ln -sfn -- "..data/$name" ..link_new
    mv -T ..link_new "$name"
  done
  for name in * .*; do
    if [ ! -L "$name" ] || [ "$name" = ..data ]; then continue; fi
    if [ ! -e "..data/$name" ]; then rm -f -- "$name"; fi
  done
  for old in ..*; do
    case "$old" in ..|..data|"..$2"|"$(readlink ..data)") ;; *) rm -rf -- "$old" ;; esac
  done
}

# VOLUME: as open as an emptyDir, if it is as its driver made it.
open_new() {
  if [ "$(stat -c %u:%g:%a "$1")" = 0:0:755 ] && [ -z "$(ls -A "$1")" ]; then chmod 0777 "$1"; fi
}

# VOLUME GROUP BY_ROOT
own() {
  if [ "$3" = true ] && [ "$(stat -c %g "$1")" = "$2" ]; then
    case "$(stat -c %A "$1")" in drwxrws*) return 0 ;; esac
  fi
  chgrp -hR "$2" "$1"
  chmod -R g+rw "$1"
  find "$1" -type d -exec chmod g+xs {} \\;
}

# VOLUME PATH...: each path after its parents. Links that lead out are not followed.
make() {
  root=${volumeRoot}/$1
  shift
  for path; do
    if [ -e "$root/$path" ] || [ -L "$root/$path" ]; then
      case "$(readlink -f -- "$root/$path" || true)" in
        "$root"/*) ;;
        *) refuse "subPath $path leads out of the volume" ;;
      esac
    else
      mkdir -- "$root/$path"
      chmod "$(stat -c %a "$root")" "$root/$path"
    fi
  done
}
`

/** The script that makes all of it true; it ends with a line `done`, or with `refused …`. `bytes`: length of the archive on its input. */
export function setUpScript(setups: readonly Setup[], stage: string, bytes: number): string {
  const filled = setups.filter(({ setup }) => setup.contents !== undefined)
  // Without an end of the input to wait for: not every way to an engine can tell of it.
  const unpack = filled.length > 0 ? [`head -c ${bytes} | tar -xp -f -`] : []
  return [functions, ...unpack, ...setups.flatMap((setup) => commands(setup, stage)), 'echo done', ''].join('\n')
}

function commands({ volume, setup }: Setup, stage: string): string[] {
  const { name } = volume
  if (volume.kind === 'files') return setup.contents ? [`swap ${name} ${setup.contents.version} ${stage}; cd ..`] : []
  const paths = cumulative(setup.directories)
  const makes = paths.length > 0 ? [`make ${name} ${paths.map(quoted).join(' ')}`] : []
  if (volume.kind === 'host') return [...hostCheck(volume.name, volume.path, volume.type), ...makes]
  const opens = isOpened(volume) || setup.opens ? [`open_new ${name}`] : []
  const owns = setup.group === undefined ? [] : [`own ${name} ${setup.group} ${setup.groupByRoot}`]
  return [...opens, ...owns, ...makes]
}

const hostChecks: Readonly<Record<Exclude<HostPathType, ''>, { readonly test: string; readonly word: string }>> = {
  DirectoryOrCreate: { test: '-d', word: 'directory' },
  Directory: { test: '-d', word: 'directory' },
  FileOrCreate: { test: '-f', word: 'file' },
  File: { test: '-f', word: 'file' },
  Socket: { test: '-S', word: 'socket' },
  CharDevice: { test: '-c', word: 'character device' },
  BlockDevice: { test: '-b', word: 'block device' },
}

export function hostPathRefusal(path: string, type: HostPathType): string {
  return type === ''
    ? `hostPath ${path} does not exist`
    : `hostPath type check failed: ${path} is not a ${hostChecks[type].word}`
}

function hostCheck(name: string, path: string, type: HostPathType): string[] {
  if (type === '') return []
  const seen = quoted(type === 'FileOrCreate' ? `${name}/${baseOf(path)}` : name)
  const makes = type === 'FileOrCreate' ? [`[ -e ${seen} ] || touch ${seen}`] : []
  return [...makes, `[ ${hostChecks[type].test} ${seen} ] || refuse ${quoted(hostPathRefusal(path, type))}`]
}

/** Prints what each path really is, one a line; a path that is not there gives an empty line. */
export function resolveScript(paths: readonly string[]): string {
  return paths.map((path) => `readlink -f -- ${quoted(path)} || echo`).join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
