// Kubernetes' rules for names. Each answers what was expected, or undefined when the text is fine.

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const dnsName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const labelPart = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/

/** RFC 1123 label: container names, namespaces, host names. */
export function dnsLabelFault(text: string): string | undefined {
  if (dnsLabel.test(text) && text.length <= 63) return undefined
  return 'expected a name of lower-case letters, digits and "-", 63 at most, that begins and ends with a letter or digit'
}

/** RFC 1123 subdomain: names of most objects. */
export function dnsNameFault(text: string): string | undefined {
  if (dnsName.test(text) && text.length <= 253) return undefined
  return 'expected a name of lower-case letters, digits, "-" and ".", 253 at most, that begins and ends with a letter or digit'
}

/** RFC 1035 label: names of Services. */
export function serviceNameFault(text: string): string | undefined {
  if (dnsLabel.test(text) && /^[a-z]/.test(text) && text.length <= 63) return undefined
  return 'expected a name of lower-case letters, digits and "-", 63 at most, that begins with a letter'
}

/** Name of a port: letters, digits and single hyphens, at least one letter. */
export function portNameFault(text: string): string | undefined {
  const fine = /^[a-z0-9]+(-[a-z0-9]+)*$/.test(text) && /[a-z]/.test(text) && text.length <= 15
  return fine
    ? undefined
    : 'expected a port name of lower-case letters, digits and single "-", 15 at most, with a letter in it'
}

/** Key of a label or annotation: `[prefix/]name`. */
export function labelKeyFault(text: string): string | undefined {
  const [name = '', prefix, rest] = text.split('/').toReversed()
  const fine =
    rest === undefined &&
    labelPart.test(name) &&
    name.length <= 63 &&
    (prefix === undefined || (dnsName.test(prefix) && prefix.length <= 253))
  return fine
    ? undefined
    : 'expected a label key like "app" or "example.com/app", its name of letters, digits, "-", "_" and ".", 63 at most'
}

export function labelValueFault(text: string): string | undefined {
  if (text === '' || (labelPart.test(text) && text.length <= 63)) return undefined
  return 'expected a label value of letters, digits, "-", "_" and ".", 63 at most, that begins and ends with a letter or digit'
}

/** Key in a ConfigMap or Secret. */
export function dataKeyFault(text: string): string | undefined {
  const fine = /^[-._a-zA-Z0-9]+$/.test(text) && text.length <= 253 && text !== '.' && !text.startsWith('..')
  return fine ? undefined : 'expected a key of letters, digits, "-", "_" and ".", 253 at most'
}

/** Name of an environment variable: printable ASCII without `=`. */
export function envNameFault(text: string): string | undefined {
  return /^[\x20-\x3c\x3e-\x7e]+$/.test(text) ? undefined : 'expected a variable name of printable ASCII without "="'
}

const imagePath = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const imageHost = '(?:[A-Za-z0-9][-A-Za-z0-9.]*(?::[0-9]+)?|\\[[0-9a-fA-F:]+\\](?::[0-9]+)?)'
const imageEnd = '(?::[\\w][-\\w.]{0,127})?(?:@[A-Za-z0-9+._-]+:[0-9a-fA-F]{32,})?'
const image = new RegExp(`^(?:${imageHost}/)?${imagePath}(?:/${imagePath})*${imageEnd}$`)

/** An image reference as container engines take it: `[host[:port]/]path[:tag][@digest]`. */
export function imageFault(text: string): string | undefined {
  const fine = text.length <= 512 && image.test(text)
  return fine ? undefined : 'expected an image reference like "registry.example.com/shop/web:1.2"'
}
