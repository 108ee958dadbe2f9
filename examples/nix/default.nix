# An environment that is built from nothing but the base's own programs, so that it needs no network.
# Most others begin with: with import <nixpkgs> { }; mkShell { packages = [ ... ]; }
let
  build = name: script: builtins.derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "/bin/sh";
    args = [ "-ec" ("PATH=/usr/bin:/bin\n" + script) ];
  };
  tides = build "tides-1.0" ''
    mkdir -p $out/bin
    printf '#!/bin/sh\necho "two $TIDES_UNIT"\n' >$out/bin/tides
    chmod +x $out/bin/tides
  '';
  # What nix-shell asks of a standard environment: programs on PATH, and the hook.
  stdenv = build "stdenv" ''
    mkdir $out
    printf 'PATH=$tides/bin; export PATH\nrunHook() { eval "''${!1}"; }\n' >$out/setup
  '';
in
builtins.derivation {
  name = "shell";
  system = builtins.currentSystem;
  builder = "/bin/sh";
  inherit stdenv tides;
  shellHook = ''
    export TIDES_UNIT="it's metres"
  '';
}
