# make install, make uninstall: what others build on. Objects are those of the program (they are compiled with -fPIC).
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib
DATADIR ?= $(PREFIX)/share
STRIP ?= strip
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

# A template's @NAME@ filled in.
filled = sed -e 's|@version@|$(fanin_version)|g' -e 's|@prefix@|$(PREFIX)|g' -e 's|@includedir@|$(INCLUDEDIR)|g' \
  -e 's|@libdir@|$(LIBDIR)|g' -e 's|@shared@|$(shared)|g' -e 's|@soname@|$(soname)|g' -e 's|@libraries@|$(strip $(LDLIBS))|g' \
  packaging/$(notdir $(1)).in >$(1)

root = $(DESTDIR)
cmake_dir := $(LIBDIR)/cmake/fanin
man_dir := $(DATADIR)/man/man1
completions := $(DATADIR)/bash-completion/completions/fanin $(DATADIR)/zsh/site-functions/_fanin $(DATADIR)/fish/vendor_completions.d/fanin.fish
shell_of_fanin := bash
shell_of__fanin := zsh
shell_of_fanin.fish := fish
# What starts the program where it is another machine's: RUN='qemu-aarch64 -L …'.
RUN ?=
install: $(BUILD)/fanin $(BUILD)/$(shared)
	@install -d $(root)$(BINDIR) $(root)$(LIBDIR)/pkgconfig $(root)$(cmake_dir)
	@for header in $(installed_headers:framework/%=%); do install -D -m 644 framework/$$header $(root)$(INCLUDEDIR)/$$header || exit; done
	@install -m 644 $(BUILD)/libfanin.a $(root)$(LIBDIR) && $(STRIP) -g $(root)$(LIBDIR)/libfanin.a
	@install -m 755 $(BUILD)/$(shared) $(root)$(LIBDIR) && $(STRIP) --strip-unneeded $(root)$(LIBDIR)/$(shared)
	@ln -sfn $(shared) $(root)$(LIBDIR)/$(soname) && ln -sfn $(soname) $(root)$(LIBDIR)/libfanin.so
	@install -m 755 $(BUILD)/fanin $(root)$(BINDIR) && $(STRIP) $(root)$(BINDIR)/fanin
	@$(call filled,$(root)$(LIBDIR)/pkgconfig/fanin.pc)
	@install -d $(root)$(man_dir) $(dir $(completions:%=$(root)%))
	@$(RUN) $(BUILD)/fanin manual $(root)$(man_dir)
	@$(foreach file,$(completions),$(RUN) $(BUILD)/fanin completion $(shell_of_$(notdir $(file))) >$(root)$(file) &&) true
	@$(call filled,$(root)$(cmake_dir)/fanin-config.cmake)
	@$(call filled,$(root)$(cmake_dir)/fanin-config-version.cmake)
	@echo 'installed fanin $(fanin_version) in $(root)$(PREFIX)'

uninstall:
	@rm -f $(root)$(BINDIR)/fanin $(root)$(LIBDIR)/libfanin.a $(root)$(LIBDIR)/libfanin.so* $(root)$(LIBDIR)/pkgconfig/fanin.pc
	@rm -rf $(root)$(INCLUDEDIR)/fanin $(root)$(cmake_dir)
	@rm -f $(root)$(man_dir)/fanin.1 $(root)$(man_dir)/fanin-*.1 $(completions:%=$(root)%)
	@echo 'removed fanin from $(root)$(PREFIX)'

# Projects outside the tree against an installed copy, by CMake, pkg-config and plain flags.
test-install: $(BUILD)/fanin $(BUILD)/$(shared)
	@BUILD=$(BUILD) tests/install/run.sh
