// The one program that images of tests and demo are made of, where no package manager may be used. Plain JavaScript for Node 20.
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { root } from './packages.mjs'

const image = 'busybox:stable-musl'
const file = join(root, '.berth/tools/busybox')

/**
 * Takes the program out of the public image, with the help of an engine that can reach a registry or has it already.
 * @param {string} host as in DOCKER_HOST
 * @returns {Promise<string>} where it is
 */
export async function busyboxFromImage(host) {
  if (existsSync(file)) return file
  const present = await call(host, 'GET', `/images/${image}/json`)
  if (present.status !== 200) {
    const pulled = await call(host, 'POST', '/images/create?fromImage=busybox&tag=stable-musl')
    if (pulled.status !== 200 || pulled.body.includes('"error"'))
      throw new Error(`pull of ${image}: ${pulled.body.toString()}`)
  }
  const made = await call(host, 'POST', '/containers/create', JSON.stringify({ Image: image, NetworkDisabled: true }))
  if (made.status !== 201) throw new Error(made.body.toString())
  const { Id } = JSON.parse(made.body.toString())
  try {
    const archive = await call(host, 'GET', `/containers/${Id}/archive?path=/bin/busybox`)
    if (archive.status !== 200) throw new Error(archive.body.toString())
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, firstFile(archive.body))
    chmodSync(file, 0o755)
    return file
  } finally {
    await call(host, 'DELETE', `/containers/${Id}?force=1`)
  }
}

/**
 * The content of the first regular file of a tar archive.
 * @param {Buffer} archive
 */
function firstFile(archive) {
  for (let at = 0; at + 512 <= archive.length; ) {
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8)
    const type = archive.toString('latin1', at + 156, at + 157)
    if (type === '0' && size > 0) return archive.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil((Number.isNaN(size) ? 0 : size) / 512) * 512
  }
  throw new Error(`${image} holds no /bin/busybox`)
}

/**
 * @param {string} host
 * @param {string} method
 * @param {string} path
 * @param {string} [body]
 * @returns {Promise<{ status: number, body: Buffer }>}
 */
function call(host, method, path, body) {
  const [, scheme, place = ''] = /^(unix|tcp|http):\/\/(.+)$/.exec(host) ?? []
  const [hostname, port = '2375'] = place.split(':')
  const target = scheme === 'unix' ? { socketPath: place } : { hostname, port }
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const asked = request({ ...target, method, path, headers }, (response) => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
