/** A record of an InvenioRDM archive. */
export interface InvenioRecord {
  /** Address of the archive, such as `https://zenodo.org`. */
  readonly base: string;
  /** As the URL has it; may be that of all versions together. */
  readonly id: string;
  /** Begins the names of images. */
  readonly archive: string;
}
