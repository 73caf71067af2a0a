# Keeps a PostgreSQL cluster for as long as standard input stays open: makes a folder with a cluster in it, says where, and
# takes both away when whoever started this is done with them or is dead, however it died.
#
# $1 is the folder of PostgreSQL's programs. $2, if there is one, is an empty folder for the cluster's data, which is empty
# again afterwards. Whoever runs this owns the cluster; PostgreSQL does not let root.

# Ctrl-C is for the tests. What cleans up after them must outlive them.
trap '' HUP INT TERM
umask 077
exec 2>&1

# The folder of temporary files may be closed to this user. A socket's path has some hundred bytes at most, and to
# PostgreSQL a comma begins another one.
folder=
case $TMPDIR in
*,*) ;;
*) [ ${#TMPDIR} -gt 60 ] || folder=$(mktemp -d "${TMPDIR:-/tmp}/personae-pg.XXXXXX" 2>/dev/null) ;;
esac
[ -n "$folder" ] || folder=$(mktemp -d /tmp/personae-pg.XXXXXX) || exit 1
elsewhere=

# Stops the servers at once. There is nothing in them that anybody wants to keep.
clean() {
    for file in "$folder"/*/data/postmaster.pid; do
        [ -e "$file" ] || continue
        read -r pid <"$file"
        kill -QUIT "$pid" 2>/dev/null
        waited=0
        while kill -0 "$pid" 2>/dev/null && [ $waited -lt 100 ]; do
            sleep 0.05
            waited=$((waited + 1))
        done
    done
    # A server that was just being started may still write a file while its folder goes.
    waited=0
    until remove 2>/dev/null || [ $waited -ge 100 ]; do
        sleep 0.05
        waited=$((waited + 1))
    done
}
remove() {
    [ -z "$elsewhere" ] || rm -rf "$elsewhere"/* || return
    rm -rf "$folder"
}
trap clean EXIT

# Where PostgreSQL can, the order of text is that of a language, as it is on most servers, so that a statement which
# means the order of bytes has to say so.
data=$folder/1/data
initdb=$1/initdb
init() {
    "$initdb" --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync "$@" 2>&1
}
mkdir "$folder/1" || exit 1
if [ -n "$2" ]; then
    inside=$(ls -A "$2") || exit 1
    [ -z "$inside" ] || { echo "$2 is not empty"; exit 1; }
    elsewhere=$2
    ln -s "$elsewhere" "$data" || exit 1
fi
if ! said=$(init --locale-provider=icu --icu-locale=en-US); then
    rm -rf "$data"/*
    said=$(init) || { echo "$said"; exit 1; }
fi

echo "keeping $folder"
exec >/dev/null 2>&1
cat
