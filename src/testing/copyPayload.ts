/** Copies of payloads, of the kind that the clients deliver: a Buffer in Node.js, otherwise a Uint8Array. */
const nodeBuffer: unknown = Reflect.get(globalThis, 'Buffer')
const bufferPrototype: object | undefined = typeof nodeBuffer === 'function' ? nodeBuffer.prototype : undefined

export const copyPayload = (data: Uint8Array): Uint8Array => {
  const copy = new Uint8Array(data)
  if (bufferPrototype !== undefined) Reflect.setPrototypeOf(copy, bufferPrototype)
  return copy
}
