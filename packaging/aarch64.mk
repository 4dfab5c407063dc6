# make aarch64: the library and the program for ARM by a cross compiler, tests of what depends on the processor under qemu,
# and the same draws and the same training there as here.
.PHONY: aarch64
aarch64_root := build/aarch64-root
aarch64_lib  := $(aarch64_root)/usr/lib/aarch64-linux-gnu
aarch64_packages := libfmt-dev zlib1g-dev libdeflate-dev libpng-dev libgif-dev librapidcheck-dev libopenblas0-serial
aarch64_tests := tests/main.cpp tests/allocations.cpp $(foreach d,kernels random ops init io,$(wildcard tests/$(d)/*.cpp)) tests/train/test_fit.cpp
aarch64_flags := -idirafter $(aarch64_root)/any -idirafter $(aarch64_root)/usr/include -idirafter $(aarch64_root)/usr/include/aarch64-linux-gnu -Wno-psabi
aarch64_links := -L$(aarch64_lib) -Wl,-rpath-link,$(aarch64_lib):$(aarch64_root)/lib/aarch64-linux-gnu

aarch64: build/fanin
	@.ci/prerequisites g++-aarch64-linux-gnu qemu-user
	@packaging/aarch64-root.sh $(aarch64_root) $(aarch64_packages)
	@CXXFLAGS='$(aarch64_flags)' LDLIBS='$(aarch64_links)' $(MAKE) --no-print-directory -j$(JOBS) BUILD=build/aarch64 MPI=0 CXX=aarch64-linux-gnu-g++ \
	  AR=aarch64-linux-gnu-ar test_sources='$(aarch64_tests)' build/aarch64/fanin build/aarch64/tests
	@packaging/aarch64-tests.sh build/fanin build/aarch64 $(aarch64_root)
