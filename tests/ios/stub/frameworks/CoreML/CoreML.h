// A stand-in for Core ML: the declarations that native/ uses, written by hand from Apple's documentation, with the
// systems that have them. It compiles nothing that could run, and was never compared with the real header.
#pragma once

#import <Foundation/Foundation.h>

enum MLComputeUnits : NSInteger {
    MLComputeUnitsCPUOnly = 0,
    MLComputeUnitsCPUAndGPU = 1,
    MLComputeUnitsAll = 2,
    MLComputeUnitsCPUAndNeuralEngine = 3
};
enum MLFeatureType : NSInteger {
    MLFeatureTypeInvalid = 0,
    MLFeatureTypeInt64 = 1,
    MLFeatureTypeDouble = 2,
    MLFeatureTypeString = 3,
    MLFeatureTypeImage = 4,
    MLFeatureTypeMultiArray = 5,
    MLFeatureTypeDictionary = 6,
    MLFeatureTypeSequence = 7,
    MLFeatureTypeState = 8
};
enum MLMultiArrayDataType : NSInteger {
    MLMultiArrayDataTypeDouble = 0x10000 | 64,
    MLMultiArrayDataTypeFloat32 = 0x10000 | 32,
    MLMultiArrayDataTypeFloat16 = 0x10000 | 16,
    MLMultiArrayDataTypeInt32 = 0x20000 | 32
};
enum MLMultiArrayShapeConstraintType : NSInteger {
    MLMultiArrayShapeConstraintTypeUnspecified = 1,
    MLMultiArrayShapeConstraintTypeEnumerated = 2,
    MLMultiArrayShapeConstraintTypeRange = 3
};

@interface MLMultiArray : NSObject
@property(readonly) MLMultiArrayDataType dataType;
@property(readonly) NSArray<NSNumber *> *shape;
@property(readonly) NSArray<NSNumber *> *strides;
- (instancetype)initWithDataPointer:(void *)dataPointer
                              shape:(NSArray<NSNumber *> *)shape
                           dataType:(MLMultiArrayDataType)dataType
                            strides:(NSArray<NSNumber *> *)strides
                        deallocator:(void (^)(void *bytes))deallocator
                              error:(NSError **)error;
- (void)getBytesWithHandler:(void(NS_NOESCAPE ^)(const void *bytes, NSInteger size))handler;
@end
@interface MLMultiArrayShapeConstraint : NSObject
@property(readonly) MLMultiArrayShapeConstraintType type;
@property(readonly) NSArray<NSValue *> *sizeRangeForDimension;
@property(readonly) NSArray<NSArray<NSNumber *> *> *enumeratedShapes;
@end
@interface MLMultiArrayConstraint : NSObject
@property(readonly) NSArray<NSNumber *> *shape;
@property(readonly) MLMultiArrayDataType dataType;
@property(readonly) MLMultiArrayShapeConstraint *shapeConstraint;
@end

@interface MLFeatureDescription : NSObject
@property(readonly, copy) NSString *name;
@property(readonly) MLFeatureType type;
@property(readonly) MLMultiArrayConstraint *multiArrayConstraint;
@end
@interface MLModelDescription : NSObject
@property(readonly) NSDictionary<NSString *, MLFeatureDescription *> *inputDescriptionsByName;
@property(readonly) NSDictionary<NSString *, MLFeatureDescription *> *outputDescriptionsByName;
@end
@interface MLFeatureValue : NSObject
@property(readonly) MLMultiArray *multiArrayValue;
+ (instancetype)featureValueWithMultiArray:(MLMultiArray *)value;
@end
@protocol MLFeatureProvider
- (MLFeatureValue *)featureValueForName:(NSString *)name;
@end
@interface MLDictionaryFeatureProvider : NSObject <MLFeatureProvider>
- (instancetype)initWithDictionary:(NSDictionary<NSString *, id> *)dictionary error:(NSError **)error;
@end

@interface MLModelConfiguration : NSObject
@property(readwrite) MLComputeUnits computeUnits;
@end
@interface MLPredictionOptions : NSObject
@end
API_AVAILABLE(macos(15.0), ios(18.0))
@interface MLState : NSObject
@end
@interface MLModel : NSObject
@property(readonly) MLModelDescription *modelDescription;
+ (void)compileModelAtURL:(NSURL *)url completionHandler:(void (^)(NSURL *compiled, NSError *error))handler;
+ (void)loadContentsOfURL:(NSURL *)url
            configuration:(MLModelConfiguration *)configuration
        completionHandler:(void (^)(MLModel *model, NSError *error))handler;
- (id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)input
                                        options:(MLPredictionOptions *)options
                                          error:(NSError **)error;
- (MLState *)newState API_AVAILABLE(macos(15.0), ios(18.0));
- (id<MLFeatureProvider>)predictionFromFeatures:(id<MLFeatureProvider>)input
                                     usingState:(MLState *)state
                                        options:(MLPredictionOptions *)options
                                          error:(NSError **)error API_AVAILABLE(macos(15.0), ios(18.0));
@end

@protocol MLComputeDeviceProtocol <NSObject>
@end
@interface MLCPUComputeDevice : NSObject <MLComputeDeviceProtocol>
@end
@interface MLGPUComputeDevice : NSObject <MLComputeDeviceProtocol>
@end
@interface MLNeuralEngineComputeDevice : NSObject <MLComputeDeviceProtocol>
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLComputePlanDeviceUsage : NSObject
@property(readonly) id<MLComputeDeviceProtocol> preferredComputeDevice;
@end
@class MLModelStructureProgramBlock;
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramOperation : NSObject
@property(readonly, copy) NSString *operatorName;
@property(readonly, copy) NSArray<MLModelStructureProgramBlock *> *blocks;
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramBlock : NSObject
@property(readonly, copy) NSArray<MLModelStructureProgramOperation *> *operations;
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgramFunction : NSObject
@property(readonly) MLModelStructureProgramBlock *block;
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructureProgram : NSObject
@property(readonly, copy) NSDictionary<NSString *, MLModelStructureProgramFunction *> *functions;
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLModelStructure : NSObject
@property(readonly) MLModelStructureProgram *program;
@end
API_AVAILABLE(macos(14.4), ios(17.4))
@interface MLComputePlan : NSObject
@property(readonly) MLModelStructure *modelStructure;
+ (void)loadContentsOfURL:(NSURL *)url
            configuration:(MLModelConfiguration *)configuration
        completionHandler:(void (^)(MLComputePlan *plan, NSError *error))handler;
- (MLComputePlanDeviceUsage *)computeDeviceUsageForMLProgramOperation:(MLModelStructureProgramOperation *)operation;
@end
