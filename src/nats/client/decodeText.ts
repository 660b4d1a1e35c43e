/** Decodes the start of a body that anyone may have sent: a parser refuses a longer text, so it is not decoded whole. */
const decoder = new TextDecoder()

/** @param maxLength the longest text that the parser accepts */
export const decodeText = (data: Uint8Array, maxLength: number): string =>
  decoder.decode(data.subarray(0, maxLength + 1))
