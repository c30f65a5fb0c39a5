#!/usr/bin/env bash
# Makes a test image of real software out of Debian packages:
#
#   debian-image.sh fetch PACKAGE…         fetches them and what they need, unless they are here
#   debian-image.sh make IMAGE PACKAGE…    fetches what is missing, too
#
# The packages and every library they need are unpacked as they are; busybox gives the shell and the small tools.
# Needs root, Debian, apt-get, dpkg, tar and, to make one, docker (the engine is the one DOCKER_HOST names).
set -euo pipefail
export LC_ALL=C
verb=$1
shift
image=
if [[ $verb = make ]]; then
  image=$1
  shift
fi
cache=${BERTH_TEST_PACKAGES:-/var/tmp/berth-test-packages}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$cache" "$work/root"

closure() {
  local -A seen=()
  local queue=("$@") next name
  while (( ${#queue[@]} )); do
    next=()
    for name in "${queue[@]}"; do
      [[ ${seen[$name]:-} ]] || { seen[$name]=1; next+=("$name"); }
    done
    (( ${#next[@]} )) || break
    # Compilers at run time are not needed, and large.
    mapfile -t queue < <(apt-cache depends -i "${next[@]}" |
      sed -n 's/^ *|\{0,1\}\(Pre\)\{0,1\}Depends: \(z\{0,1\}lib[^ ]*\)$/\2/p' | grep -v '^libllvm' | sort -u)
  done
  printf '%s\n' "${!seen[@]}" | sort
}

if [[ $verb = fetch ]] && ! apt-cache show "$@" >/dev/null 2>&1; then apt-get update -qq; fi
mapfile -t names < <(closure "$@" busybox-static)
missing=()
for name in "${names[@]}"; do
  compgen -G "$cache/${name}_*.deb" >/dev/null || missing+=("$name")
done
if (( ${#missing[@]} )); then
  (cd "$cache" && apt-get download -q -o APT::Sandbox::User=root "${missing[@]}" >/dev/null)
fi
[[ $verb = make ]] || exit 0
for name in "${names[@]}"; do
  for deb in "$cache/${name}"_*.deb; do dpkg -x "$deb" "$work/root"; done
done
cd "$work/root"
rm -rf usr/share/{doc,man,locale,i18n,lintian,bash-completion} usr/lib/python3 etc/init.d
# Packages name paths with and without /usr.
for dir in bin sbin lib lib64; do
  if [[ -d $dir && ! -L $dir ]]; then
    mkdir -p "usr/$dir"
    cp -a "$dir/." "usr/$dir/"
    rm -rf "$dir"
  fi
  mkdir -p "usr/$dir"
  ln -sfn "usr/$dir" "$dir"
done
for applet in $(usr/bin/busybox --list); do
  [[ -e usr/bin/$applet || -e usr/sbin/$applet ]] || ln -s busybox "usr/bin/$applet"
done
mkdir -p dev proc sys run tmp root var/{tmp,log,run}
chmod 1777 tmp var/tmp
{
  echo root:x:0:0:root:/root:/bin/sh
  echo postgres:x:999:999:postgres:/var/lib/postgresql:/bin/sh
  echo redis:x:998:998:redis:/var/lib/redis:/bin/sh
  echo nobody:x:65534:65534:nobody:/:/bin/sh
} >etc/passwd
printf 'root:x:0:\npostgres:x:999:\nredis:x:998:\nnogroup:x:65534:\n' >etc/group
printf 'hosts: files dns\n' >etc/nsswitch.conf
ldconfig -r . 2>/dev/null || true
path=/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - . |
  docker import --change "ENV PATH=$path" --change 'CMD ["sh"]' - "$image" >/dev/null
echo "$image: ${#names[@]} packages"
