/** A SHA-256 (FIPS 180-4) that is being computed. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** The digest of all bytes so far, 64 hexadecimal digits of lower case; nothing can be added afterwards. */
  hex(): string;
}

/**
 * The cryptography that moteq needs. It is written nowhere in moteq: Node's own (OpenSSL) and what microcontrollers
 * have on board implement it.
 */
export interface Cryptography {
  createSha256(): Sha256;
  /** Bytes that nobody can foresee. */
  randomBytes(length: number): Uint8Array;
  /**
   * Whether an Ed25519 signature (RFC 8032) holds.
   *
   * @param publicKey 32 bytes
   * @param signature 64 bytes
   */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** Signs with one Ed25519 key (RFC 8032). */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** A signature of 64 bytes. */
  sign(message: Uint8Array): Uint8Array;
}

/** The SHA-256 of bytes, as 64 hexadecimal digits of lower case. */
export function sha256Of(cryptography: Pick<Cryptography, "createSha256">, bytes: Uint8Array): string {
  const hash = cryptography.createSha256();
  hash.update(bytes);
  return hash.hex();
}
