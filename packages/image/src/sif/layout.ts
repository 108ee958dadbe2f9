/**
 * The byte layout of SIF version 01, as Apptainer 1.4 and SingularityCE write it.
 * All integers are little endian.
 *
 * | global header   | bytes | field                                   |
 * |-----------------|-------|-----------------------------------------|
 * | 0               | 32    | launch line, NUL padded                 |
 * | 32              | 10    | `SIF_MAGIC` NUL                         |
 * | 42              | 3     | version, `01` NUL                       |
 * | 45              | 3     | architecture code of the primary partition |
 * | 48              | 16    | UUID                                    |
 * | 64, 72          | 8 + 8 | created, modified (Unix seconds)        |
 * | 80, 88          | 8 + 8 | descriptors free, total                 |
 * | 96, 104         | 8 + 8 | descriptor table: offset, size          |
 * | 112, 120        | 8 + 8 | data section: offset, size              |
 *
 * | descriptor      | bytes | field                                   |
 * |-----------------|-------|-----------------------------------------|
 * | 0               | 4     | data type                               |
 * | 4               | 1     | used                                    |
 * | 5, 9, 13        | 4 × 3 | id, group, link                         |
 * | 17, 25, 33      | 8 × 3 | offset, size, size with the padding before it |
 * | 41, 49          | 8 × 2 | created, modified (Unix seconds)        |
 * | 57, 65          | 8 × 2 | uid, gid                                |
 * | 73              | 128   | name, NUL padded                        |
 * | 201             | 384   | extra: depends on the data type         |
 *
 * Source: github.com/apptainer/sif, `pkg/sif/{sif,descriptor}.go`, and files made by Apptainer 1.4.5.
 */
export const headerLayout = {
  sizeBytes: 128,
  launch: { offset: 0, sizeBytes: 32 },
  magic: { offset: 32, sizeBytes: 10 },
  version: { offset: 42, sizeBytes: 3 },
  architecture: { offset: 45, sizeBytes: 3 },
  uuid: { offset: 48, sizeBytes: 16 },
  createdSeconds: 64,
  modifiedSeconds: 72,
  descriptorsFree: 80,
  descriptorsTotal: 88,
  descriptorsOffset: 96,
  descriptorsSize: 104,
  dataOffset: 112,
  dataSize: 120,
} as const;

/** Offsets within one descriptor; see the table above. */
export const descriptorLayout = {
  sizeBytes: 585,
  dataType: 0,
  used: 4,
  id: 5,
  group: 9,
  link: 13,
  offset: 17,
  size: 25,
  paddedSize: 33,
  createdSeconds: 41,
  modifiedSeconds: 49,
  uid: 57,
  gid: 65,
  name: { offset: 73, sizeBytes: 128 },
  extra: { offset: 201, sizeBytes: 384 },
} as const;

/** The text by which a SIF is known, at byte 32. */
export const sifMagic = "SIF_MAGIC\0";

/** The only format version there is. */
export const sifVersion = "01";

/** What Apptainer writes in the first 32 bytes, so that an executable SIF starts itself. */
export const defaultLaunchLine = "#!/usr/bin/env run-singularity\n";

/** Where Apptainer puts the descriptor table, and how many slots it has. */
export const defaultDescriptorsOffset = 4096;
/** See {@link defaultDescriptorsOffset}. */
export const defaultDescriptorCount = 48;

/** A group id on disk has these bits set; they alone mean "no group". A link to a group has them too. */
export const groupMask = 0xf0000000;

/** Partitions begin on a page, so that they can be mounted by offset. */
export const partitionAlignment = 4096;
