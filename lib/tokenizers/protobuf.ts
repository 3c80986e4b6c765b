/** A field of a protocol buffer message: a number, or bytes that are a text, a message or packed numbers. */
export interface ProtobufField {
  readonly field: number;
  /** Of wire types 0, 1 and 5 as the bits say; undefined where there are `bytes`. */
  readonly number?: number;
  readonly bytes?: Uint8Array;
}

const MAX_VARINT_BYTES = 10;

/** Why bytes are no protocol buffer message. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

/**
 * The fields of a message in their order (protobuf.dev, "Encoding"). Numbers are read as unsigned below 2^53, negative ones of 32 bits as
 * such; fixed ones of 32 bits as floats.
 *
 * @throws {ProtobufError} if the bytes end within a field, or are none of a message
 */
export function* protobufFields(bytes: Uint8Array): Generator<ProtobufField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const expectBytes = (count: number) => {
    if (count > bytes.length - at) throw new ProtobufError(`it ends within a field at byte ${at}`);
  };
  const varint = () => {
    let value = 0n;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      expectBytes(1);
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new ProtobufError(`the number that ends at byte ${at} is longer than ${MAX_VARINT_BYTES} bytes`);
  };
  while (at < bytes.length) {
    const start = at;
    const key = Number(varint());
    const [field, wireType] = [Math.floor(key / 8), key & 7];
    if (key < 8 || field >= 2 ** 29) throw new ProtobufError(`byte ${start} begins no field`);
    if (wireType === 0) {
      yield { field, number: Number(varint()) };
    } else if (wireType === 1 || wireType === 5) {
      const size = wireType === 1 ? 8 : 4;
      expectBytes(size);
      yield { field, number: size === 8 ? view.getFloat64(at, true) : view.getFloat32(at, true) };
      at += size;
    } else if (wireType === 2) {
      const length = Number(varint());
      if (length < 0) throw new ProtobufError(`the field at byte ${start} has a negative length`);
      expectBytes(length);
      yield { field, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else {
      throw new ProtobufError(`the field at byte ${start} has the wire type ${wireType}`);
    }
  }
}
