# make install, make uninstall: what others build on. Objects are those of the program (they are compiled with -fPIC).
.PHONY: install uninstall shared test-install

fanin_version := $(shell sed -n 's/.* version = "\(.*\)";/\1/p' framework/fanin/core/version.hpp)
# Of the ABI: while the first number is 0, the second may break it.
abi := $(shell echo $(fanin_version) | sed 's/^\(0\.[0-9]*\)\..*/\1/; t; s/\..*//')
shared := libfanin.so.$(fanin_version)
soname := libfanin.so.$(abi)

# All headers but those for .cpp files, which know of a library of somebody else's or of how fanin is built, and of the
# kernels those alone that the others include.
room_headers := $(filter-out framework/fanin/kernels/% framework/fanin/core/sanitizer.hpp,$(sort $(shell find framework/fanin -name '*.hpp')))
room_headers := $(filter-out $(shell grep -lE '^#include <((fmt|nlohmann|CLI|boost)/|fanin/core/fail.hpp>)' $(room_headers)),$(room_headers))
installed_headers := $(room_headers) $(shell sed -n 's|^#include <\(fanin/kernels/[^>]*\)>.*|framework/\1|p' $(room_headers) | sort -u)

# Exported is what stands in a namespace of fanin but for the kernels, and mentions no library of somebody else's.
$(BUILD)/exported.map: $(BUILD)/libfanin.a packaging/exported.awk
	nm -g --defined-only -P $< | awk -f packaging/exported.awk >$@
$(BUILD)/$(shared): $(BUILD)/libfanin.a $(BUILD)/exported.map
	$(CXX) -shared -Wl,-soname,$(soname) -Wl,--version-script,$(BUILD)/exported.map -Wl,-z,defs -Wl,--as-needed \
	  -Wl,--whole-archive $< -Wl,--no-whole-archive -o $@ $(LDLIBS)
shared: $(BUILD)/$(shared)

plugin := $(if $(filter 1,$(MPI)),$(BUILD)/libfanin_mpi.so)
# What is said to make (PREFIX, DESTDIR, BINDIR, INCLUDEDIR, LIBDIR, DATADIR, STRIP, and RUN, which starts the program where
# it is another machine's), it hands on to the script.
install: $(BUILD)/fanin $(BUILD)/$(shared) $(plugin)
	@BUILD='$(BUILD)' PLUGIN='$(plugin)' VERSION=$(fanin_version) SHARED=$(shared) SONAME=$(soname) LIBRARIES='$(strip $(LDLIBS))' \
	  packaging/install.sh $(installed_headers:framework/%=%)
uninstall:
	@packaging/install.sh --remove

# Projects outside the tree against an installed copy, by CMake, pkg-config and plain flags.
test-install: $(BUILD)/fanin $(BUILD)/$(shared) $(plugin)
	@BUILD=$(BUILD) tests/install/run.sh
