// azml-audit every night as a job of Azure Container Apps, with an archive in a blob container.
// Deploy this to a resource group, then role.bicep to the management group whose subscriptions are audited.
targetScope = 'resourceGroup'

@description('The image, such as REGISTRY/azml-audit:0.2.0.')
param image string

@description('The region of all resources.')
param location string = resourceGroup().location

@description('When the job runs, in UTC.')
param schedule string = '17 2 * * *'

@description('Days during which nobody can delete or change a file of the archive.')
param immutableDays int = 365

@description('More options of `azml-audit scan`.')
param arguments array = []

var suffix = uniqueString(resourceGroup().id)
var blobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-azml-audit'
  location: location
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  name: 'azmlaudit${suffix}'
  location: location
  kind: 'StorageV2'
  sku: {
    name: 'Standard_ZRS'
  }
  properties: {
    allowBlobPublicAccess: false
    allowSharedKeyAccess: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: storage
  name: 'default'
}

resource audits 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'audits'
}

resource immutability 'Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01' = {
  parent: audits
  name: 'default'
  properties: {
    // index.jsonl is an append blob: it grows, and nothing in it changes.
    allowProtectedAppendWrites: true
    immutabilityPeriodSinceCreationInDays: immutableDays
  }
}

resource mayWrite 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(audits.id, identity.id, blobDataContributor)
  scope: audits
  properties: {
    principalId: identity.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', blobDataContributor)
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' = {
  name: 'log-azml-audit'
  location: location
  properties: {
    retentionInDays: 90
    sku: {
      name: 'PerGB2018'
    }
  }
}

resource environment 'Microsoft.App/managedEnvironments@2024-03-01' = {
  name: 'cae-azml-audit'
  location: location
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
  }
}

resource job 'Microsoft.App/jobs@2024-03-01' = {
  name: 'caj-azml-audit'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identity.id}': {}
    }
  }
  properties: {
    environmentId: environment.id
    configuration: {
      triggerType: 'Schedule'
      replicaTimeout: 14400
      // Exit codes 1 and 3 are results, not failures: a retry would scan again and find the same.
      replicaRetryLimit: 0
      scheduleTriggerConfig: {
        cronExpression: schedule
        parallelism: 1
        replicaCompletionCount: 1
      }
    }
    template: {
      containers: [
        {
          name: 'azml-audit'
          image: image
          args: concat([
            'scan'
            '--auth'
            'managed-identity'
            '--client-id'
            identity.properties.clientId
            '--quiet'
            '--output'
            '/audits/report'
            '--archive'
            '${storage.properties.primaryEndpoints.blob}${audits.name}'
            '--deadline'
            '10800'
            '--result'
            '-'
          ], arguments)
          resources: {
            cpu: json('1.0')
            memory: '2Gi'
          }
          volumeMounts: [
            {
              volumeName: 'audits'
              mountPath: '/audits'
            }
          ]
        }
      ]
      volumes: [
        {
          name: 'audits'
          storageType: 'EmptyDir'
        }
      ]
    }
  }
}

output principalId string = identity.properties.principalId
output archive string = '${storage.properties.primaryEndpoints.blob}${audits.name}'
