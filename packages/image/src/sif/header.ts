import { AppError } from "@repo2singularity/base";
import { readCount, readSigned, readText, viewOf, writeInteger, writeText } from "./fields.ts";
import { nameOfCode, sifArchitectures, type SifArchitecture } from "./kinds.ts";
import { descriptorLayout, headerLayout, sifMagic, sifVersion } from "./layout.ts";
import { formatUuid, parseUuid } from "./uuid.ts";

/** The global header of a SIF. */
export interface SifHeader {
  /** First line of the file with its line end; empty in files of `apptainer sif new`. */
  readonly launch: string;
  readonly architecture: SifArchitecture;
  /** 36 characters, lower case. */
  readonly uuid: string;
  readonly createdSeconds: number;
  readonly modifiedSeconds: number;
  readonly descriptorsFree: number;
  readonly descriptorsTotal: number;
  /** Offsets and sizes are bytes. */
  readonly descriptorsOffset: number;
  readonly descriptorsSize: number;
  readonly dataOffset: number;
  readonly dataSize: number;
}

/** More descriptors than this are refused: the table would not be one any writer makes. */
const maximumDescriptors = 65_536;

/**
 * Parses the global header.
 * @param path named in errors
 * @throws E_SIF_TRUNCATED when fewer than 128 bytes are given
 * @throws E_SIF_INVALID when it is no SIF header or its fields contradict each other
 * @throws E_LIMIT_EXCEEDED when it announces more than 65,536 descriptors
 */
export function parseSifHeader(bytes: Uint8Array, path: string): SifHeader {
  if (bytes.length < headerLayout.sizeBytes) {
    throw new AppError("E_SIF_TRUNCATED", `${path}: a SIF header has 128 bytes, the file has ${bytes.length}`);
  }
  const magic = new TextDecoder("latin1").decode(bytes.subarray(32, 42));
  if (magic !== sifMagic) throw new AppError("E_SIF_INVALID", `${path}: no "SIF_MAGIC" at byte 32, so this is no SIF`);
  const version = readText(bytes, headerLayout.version.offset, headerLayout.version.sizeBytes);
  if (version !== sifVersion) {
    throw new AppError("E_SIF_INVALID", `${path}: SIF version "${version}" at byte 42, only "01" is known`);
  }
  const view = viewOf(bytes);
  const count = (offset: number, what: string): number => readCount(view, offset, `${path}: ${what}`, 0);
  const time = (offset: number, what: string): number => readSigned(view, offset, `${path}: ${what}`, 0);
  const architectureCode = readText(bytes, headerLayout.architecture.offset, headerLayout.architecture.sizeBytes);
  const header: SifHeader = {
    launch: readText(bytes, headerLayout.launch.offset, headerLayout.launch.sizeBytes),
    // names of later architectures must not make the file unreadable
    architecture: nameOfCode<SifArchitecture, string>(sifArchitectures, architectureCode) ?? "unknown",
    uuid: formatUuid(bytes.subarray(headerLayout.uuid.offset, headerLayout.uuid.offset + headerLayout.uuid.sizeBytes)),
    createdSeconds: time(headerLayout.createdSeconds, "creation time"),
    modifiedSeconds: time(headerLayout.modifiedSeconds, "modification time"),
    descriptorsFree: count(headerLayout.descriptorsFree, "count of free descriptors"),
    descriptorsTotal: count(headerLayout.descriptorsTotal, "count of descriptors"),
    descriptorsOffset: count(headerLayout.descriptorsOffset, "descriptor table offset"),
    descriptorsSize: count(headerLayout.descriptorsSize, "descriptor table size"),
    dataOffset: count(headerLayout.dataOffset, "data offset"),
    dataSize: count(headerLayout.dataSize, "data size"),
  };
  checkHeader(header, path);
  return header;
}

function checkHeader(header: SifHeader, path: string): void {
  const { descriptorsFree, descriptorsTotal, descriptorsOffset, descriptorsSize, dataOffset } = header;
  const fail = (message: string): never => {
    throw new AppError("E_SIF_INVALID", `${path}: ${message}`);
  };
  if (descriptorsTotal > maximumDescriptors) {
    throw new AppError("E_LIMIT_EXCEEDED", `${path}: ${descriptorsTotal} descriptors, at most 65536 are read`);
  }
  if (descriptorsFree > descriptorsTotal) {
    fail(`${descriptorsFree} of ${descriptorsTotal} descriptors are free (byte 80)`);
  }
  if (descriptorsOffset < headerLayout.sizeBytes) {
    fail(`the descriptor table at byte ${descriptorsOffset} lies in the header`);
  }
  if (descriptorsSize < descriptorsTotal * descriptorLayout.sizeBytes) {
    fail(`${descriptorsTotal} descriptors do not fit into the ${descriptorsSize} bytes of their table (byte 104)`);
  }
  if (dataOffset < headerLayout.sizeBytes) fail(`the data section at byte ${dataOffset} lies in the header`);
}

/** The 128 bytes of a header. */
export function encodeSifHeader(header: SifHeader): Uint8Array {
  const bytes = new Uint8Array(headerLayout.sizeBytes);
  const view = viewOf(bytes);
  writeText(bytes, headerLayout.launch, header.launch);
  writeText(bytes, headerLayout.magic, sifMagic.slice(0, -1));
  writeText(bytes, headerLayout.version, sifVersion);
  writeText(bytes, headerLayout.architecture, sifArchitectures[header.architecture]);
  bytes.set(parseUuid(header.uuid), headerLayout.uuid.offset);
  writeInteger(view, headerLayout.createdSeconds, header.createdSeconds);
  writeInteger(view, headerLayout.modifiedSeconds, header.modifiedSeconds);
  writeInteger(view, headerLayout.descriptorsFree, header.descriptorsFree);
  writeInteger(view, headerLayout.descriptorsTotal, header.descriptorsTotal);
  writeInteger(view, headerLayout.descriptorsOffset, header.descriptorsOffset);
  writeInteger(view, headerLayout.descriptorsSize, header.descriptorsSize);
  writeInteger(view, headerLayout.dataOffset, header.dataOffset);
  writeInteger(view, headerLayout.dataSize, header.dataSize);
  return bytes;
}
