// Read two checkpoints and say how far every parameter has moved from the one to the other.
//     how_far_moved before.safetensors after.safetensors
#include <iostream>

#include <fanin/fanin.hpp>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: how_far_moved BEFORE AFTER (safetensors, .npz, .pth or .onnx)\n";
    return 2;
  }
  try {
    const auto before = fanin::io::read_tensor_file(argv[1]), after = fanin::io::read_tensor_file(argv[2]);
    for (const auto& one : fanin::io::tensor_diff(before, after)) {
      std::cout << one.name << "  " << one.a << "  ‖after − before‖ / ‖before‖ = " << one.relative_l2
                << "  cosine " << one.cosine << "\n";
    }
  } catch (const fanin::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
}
