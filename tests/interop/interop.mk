# `make interop`: weights from fanin to PyTorch and back, where Debian's python3-torch is; interop.cpp is fanin's side.
.PHONY: interop
TORCH_PYTHON ?= /usr/bin/python3
interop: deps
	@$(TORCH_PYTHON) -c 'import torch' 2>/dev/null || { echo 'interop: skipped, $(TORCH_PYTHON) has no torch (Debian: apt-get install python3-torch)'; exit 0; }; \
	$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/interop && $(TORCH_PYTHON) tests/interop/interop.py $(BUILD)/interop
$(BUILD)/interop: $(BUILD)/float/tests/interop/interop.o $(BUILD)/libfanin.a
	$(CXX) $^ -o $@ $(LDLIBS)
