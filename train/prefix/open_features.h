// Open features: whether a step has a frozen prefix that is worth keeping, and the file of what it
// answers: one that is there, or a new one.
#pragma once
#include "train/graphs/plans.h"
#include "train/prefix/features.h"

namespace cambium {
// By `train.cache`; `run` and `shared` are RunSettings::folder and cache. A run without a folder
// keeps nothing unless it is told where.
FeatureSettings feature_settings_of(const Experiment& e, const std::string& run,
                                    const std::string& shared, const Identity& data);

struct OpenedFeatures {
  std::unique_ptr<FeatureData> data;
  Graph rest;  // of the step, which reads them
};

// `updates`: for how many they would serve. The store holds the weights; of what the plans run
// nothing else does meanwhile, so that the memory is the step's. None where they do not serve,
// which is said where the user asked, or where the reason is the disk or the machine.
std::optional<OpenedFeatures> open_features(const Experiment& e, const TrainPlans& plans,
                                            Store& store, Engine& engine,
                                            const FeatureSettings& settings, int64_t updates);
}  // namespace cambium
