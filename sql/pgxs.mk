# The Makefile of build/extension, where build.py puts it beside the extension's files.

EXTENSION = txjobs
DATA = txjobs--$(shell sed -n "s/^default_version = '\(.*\)'/\1/p" txjobs.control).sql

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
ifeq ($(wildcard $(PGXS)),)
$(error $(PG_CONFIG) has no PGXS; on Debian install postgresql-server-dev-NN, or copy the files of \
build/extension into $(shell $(PG_CONFIG) --sharedir)/extension)
endif
include $(PGXS)
