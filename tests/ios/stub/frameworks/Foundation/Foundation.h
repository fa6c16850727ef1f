// A stand-in for Foundation: the declarations that native/ uses, written by hand from Apple's documentation.
// It compiles nothing that could run, and was never compared with the real header.
#pragma once

#include <stddef.h>
#include <stdint.h>

#if __APPLE__
#include <dispatch/dispatch.h>
#include <objc/NSObject.h>
#include <objc/objc.h>
#define API_AVAILABLE_STAND_IN(mac, phone) __attribute__((availability(macos, introduced = mac), availability(ios, introduced = phone)))
#else
#define API_AVAILABLE_STAND_IN(mac, phone)
#define nil nullptr
typedef bool BOOL;
#define YES true
#define NO false
typedef long NSInteger;
typedef unsigned long NSUInteger;

@protocol NSObject
- (BOOL)isKindOfClass:(Class)aClass;
@end
__attribute__((objc_root_class))
@interface NSObject <NSObject>
+ (instancetype)alloc;
- (instancetype)init;
+ (Class)class;
@end

@class DispatchSemaphoreStandIn;
typedef DispatchSemaphoreStandIn *dispatch_semaphore_t;
typedef uint64_t dispatch_time_t;
#define DISPATCH_TIME_NOW (0ull)
#define NSEC_PER_MSEC 1000000ull
extern "C" dispatch_semaphore_t dispatch_semaphore_create(intptr_t value) __attribute__((ns_returns_retained));
extern "C" intptr_t dispatch_semaphore_wait(dispatch_semaphore_t semaphore, dispatch_time_t timeout);
extern "C" intptr_t dispatch_semaphore_signal(dispatch_semaphore_t semaphore);
extern "C" dispatch_time_t dispatch_time(dispatch_time_t when, int64_t delta);
#endif
#undef API_AVAILABLE
// As Apple's, for the two systems that an app is made for: API_AVAILABLE(macos(14.4), ios(17.4)).
#define API_AVAILABLE(mac, phone) API_AVAILABLE_PICK(API_##mac, API_##phone)
#define API_AVAILABLE_PICK(mac, phone) API_AVAILABLE_STAND_IN(mac, phone)
#define API_macos(version) version
#define API_ios(version) version

#define NS_NOESCAPE __attribute__((noescape))

struct NSRange {
    NSUInteger location, length;
};
typedef struct NSRange NSRange;
struct NSFastEnumerationState {
    unsigned long state;
    id __unsafe_unretained *itemsPtr;
    unsigned long *mutationsPtr;
    unsigned long extra[5];
};
struct NSOperatingSystemVersion {
    NSInteger majorVersion, minorVersion, patchVersion;
};
typedef struct NSOperatingSystemVersion NSOperatingSystemVersion;

@protocol NSFastEnumeration
- (NSUInteger)countByEnumeratingWithState:(NSFastEnumerationState *)state
                                  objects:(id __unsafe_unretained *)buffer
                                    count:(NSUInteger)count;
@end
@protocol NSCopying
@end

@interface NSString : NSObject <NSCopying>
@property(readonly) const char *UTF8String;
+ (instancetype)stringWithUTF8String:(const char *)text;
- (NSString *)stringByAppendingString:(NSString *)text;
- (NSInteger)compare:(NSString *)other;
@end
// What the compiler makes of @"text".
@interface NSConstantString : NSString
@end
@interface NSNumber : NSObject
@property(readonly) long long longLongValue;
+ (NSNumber *)numberWithLong:(long)value;
+ (NSNumber *)numberWithLongLong:(long long)value;
@end
@interface NSValue : NSObject
@property(readonly) NSRange rangeValue;
@end

@interface NSArray<__covariant Item> : NSObject <NSFastEnumeration>
@property(readonly) NSUInteger count;
- (Item)objectAtIndexedSubscript:(NSUInteger)index;
- (NSArray<Item> *)sortedArrayUsingSelector:(SEL)comparator;
+ (instancetype)array;
@end
@interface NSMutableArray<Item> : NSArray <Item>
- (void)insertObject:(Item)item atIndex:(NSUInteger)index;
@end
@interface NSDictionary<__covariant Key, __covariant Item> : NSObject <NSFastEnumeration>
@property(readonly) NSUInteger count;
@property(readonly, copy) NSArray<Key> *allKeys;
- (Item)objectForKeyedSubscript:(Key)key;
+ (instancetype)dictionary;
@end
@interface NSMutableDictionary<Key, Item> : NSDictionary <Key, Item>
- (void)setObject:(Item)item forKeyedSubscript:(Key)key;
@end

extern NSString *const NSUnderlyingErrorKey;
@interface NSError : NSObject
@property(readonly, copy) NSString *localizedDescription;
@property(readonly, copy) NSDictionary<NSString *, id> *userInfo;
@end
@interface NSException : NSObject
@property(readonly, copy) NSString *reason;
@end

@interface NSURL : NSObject
@property(readonly, copy) NSString *path;
@property(readonly) const char *fileSystemRepresentation;
+ (NSURL *)fileURLWithPath:(NSString *)path isDirectory:(BOOL)isDirectory;
- (NSURL *)URLByAppendingPathComponent:(NSString *)component isDirectory:(BOOL)isDirectory;
@end
@interface NSUUID : NSObject
@property(readonly, copy) NSString *UUIDString;
+ (instancetype)UUID;
@end
@interface NSProcessInfo : NSObject
@property(class, readonly, strong) NSProcessInfo *processInfo;
@property(readonly) NSOperatingSystemVersion operatingSystemVersion;
@end

enum NSSearchPathDirectory : NSUInteger { NSCachesDirectory = 13 };
enum NSSearchPathDomainMask : NSUInteger { NSUserDomainMask = 1 };
@interface NSFileManager : NSObject
@property(class, readonly, strong) NSFileManager *defaultManager;
- (NSURL *)URLForDirectory:(NSSearchPathDirectory)directory
                  inDomain:(NSSearchPathDomainMask)domain
         appropriateForURL:(NSURL *)url
                    create:(BOOL)create
                     error:(NSError **)error;
- (BOOL)createDirectoryAtURL:(NSURL *)url
    withIntermediateDirectories:(BOOL)intermediate
                     attributes:(NSDictionary<NSString *, id> *)attributes
                          error:(NSError **)error;
- (BOOL)moveItemAtURL:(NSURL *)source toURL:(NSURL *)target error:(NSError **)error;
- (BOOL)removeItemAtURL:(NSURL *)url error:(NSError **)error;
- (BOOL)fileExistsAtPath:(NSString *)path;
@end
