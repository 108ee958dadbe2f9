#!/bin/sh
# Makes the golden files: SIFs that Apptainer 1.4.5 signed, and the keys. Needs apptainer, openssl and gzip.
set -e
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export HOME="$work" APPTAINER_KEYSDIR="$work/keys"

echo 'bootstrap: scratch' >recipe
echo '{"a":1}' >labels
apptainer sif new plain.sif
apptainer sif add --datatype 1 --groupid 1 --filename recipe plain.sif recipe
apptainer sif add --datatype 6 --groupid 1 --filename labels plain.sif labels
apptainer sif add --datatype 7 --groupid 2 --filename other plain.sif recipe

openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ecdsa.pem
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
for kind in ed25519 ecdsa rsa; do
  cp plain.sif $kind.sif
  apptainer sign --key $kind.pem $kind.sif
done

apptainer key newpair --bit-length 2048 --name Golden --email golden@example.org --comment '' --password '' --push=false
cp plain.sif pgp.sif
apptainer sign --keyidx 0 pgp.sif
cp keys/pgp-public "$here/pgp-public"
chmod 644 "$here/pgp-public"

for kind in plain ed25519 ecdsa rsa pgp; do gzip -9nc $kind.sif >"$here/$kind.sif.gz"; done
for kind in ed25519 ecdsa rsa; do openssl pkey -in $kind.pem -pubout -out "$here/$kind.pub"; done
# throwaway keys, of the two kinds whose signatures are always the same
for kind in ed25519 rsa; do openssl pkey -in $kind.pem -out "$here/$kind.pem"; done
chmod 644 "$here"/*.pem
