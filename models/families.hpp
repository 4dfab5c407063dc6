#pragma once
#include <fanin/models.hpp>
#include <fanin/nn/activation.hpp>

namespace fanin::models {

ModelInfo mlp();
ModelInfo lenet();
ModelInfo conv_net();
ModelInfo vgg_small();
ModelInfo resnet_small();
ModelInfo plain_net();

/// The option "activation", common to all families.
nn::Activation activation_option(const CallOptions& options, const char* fallback = "relu");
ModelInfo::Option activation_help(const char* fallback = "relu");

}  // namespace fanin::models
