/** How attributes are called whose property is not their name in lower case. */
const NAMES: Readonly<Record<string, string>> = {
  acceptCharset: 'accept-charset',
  className: 'class',
  htmlFor: 'for',
  httpEquiv: 'http-equiv',
}

const NO_ATTRIBUTES: ReadonlySet<string> = new Set(['children', 'dangerouslySetInnerHTML', 'key', 'ref'])

/** Gives an element attributes, from the properties that React would take. */
export function setAttributes(element: Element, props: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(props)) {
    if (NO_ATTRIBUTES.has(name) || /^on[A-Z]/.test(name)) continue
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
    // A property is on or off, and then an attribute without a value or none; `data-x={true}` is text.
    const isFlag = typeof value === 'boolean' && !/^(?:data|aria)-/.test(name)
    if (isFlag && !value) continue
    element.setAttribute(NAMES[name] ?? name.toLowerCase(), isFlag ? '' : String(value))
  }
}

/** Gives an element its content, from the properties that React would take. */
export function setContent(element: Element, props: Readonly<Record<string, unknown>>): void {
  const html = (props['dangerouslySetInnerHTML'] as { __html?: string } | undefined)?.__html
  // In a script or a style there are no elements, whatever it looks like.
  if (html !== undefined && !/^(?:script|style)$/i.test(element.tagName)) element.innerHTML = html
  else element.textContent = html ?? toText(props['children'])
}

/** The text of children. */
export function toText(children: unknown): string {
  if (Array.isArray(children)) return children.map(toText).join('')
  return typeof children === 'string' || typeof children === 'number' ? String(children) : ''
}
